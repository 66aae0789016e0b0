package dev.temper.cuda.cublas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.temper.diagnostics.Finding;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * Searches for cuBLAS, for doctor's report. Losses do not need it; training on the device multiplies matrices with it.
 */
public final class CublasSearch {

  private static final List<String> NAMES = List.of("libcublas.so.13", "libcublas.so.12");

  /** {@code libraryPropertyType}: major version. */
  private static final int MAJOR = 0;
  /** {@code libraryPropertyType}: minor version. */
  private static final int MINOR = 1;

  private static final FunctionDescriptor GET_PROPERTY = FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS);

  private CublasSearch() {}

  /** Path and version of cuBLAS, or the loader's reason for each name. */
  public static Finding finding() {
    return finding(NAMES);
  }

  public static Finding finding(List<String> names) {
    List<String> reasons = new ArrayList<>();
    for (String name : names) {
      try {
        return new Finding("cuBLAS", describe(name));
      } catch (LibraryLoadException e) {
        reasons.add(String.valueOf(e.getMessage()));
      }
    }
    return new Finding("cuBLAS", "none, and no loss needs it: " + String.join("; ", reasons));
  }

  private static String describe(String name) throws LibraryLoadException {
    SharedLibrary library = SharedLibrary.open(name);
    MethodHandle getProperty = library.function("cublasGetProperty", GET_PROPERTY);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      int major = property(getProperty, MAJOR, value);
      int minor = property(getProperty, MINOR, value);
      return library.file("cublasGetProperty").map(Object::toString).orElse(name) + ", version " + major + "." + minor;
    }
  }

  private static int property(MethodHandle getProperty, int which, MemorySegment value) {
    try {
      int status = (int) getProperty.invokeExact(which, value);
      return status == 0 ? value.get(JAVA_INT, 0) : 0;
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }
}
