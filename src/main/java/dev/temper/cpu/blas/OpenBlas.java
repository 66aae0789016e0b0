package dev.temper.cpu.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.temper.EngineUnavailableException;
import dev.temper.ffm.CString;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Binds the functions of OpenBLAS with 32-bit integers. The library is loaded once per process. */
final class OpenBlas {

  /** This property holds the path of a library that replaces every other one. */
  static final String LIBRARY_PROPERTY = "temper.blas.library";

  private static final String ARTIFACT = "org.bytedeco:openblas:0.3.31-1.5.13";
  private static final String FILE = "libopenblas.so.0";

  private static final int ROW_MAJOR = 101;
  private static final int NOT_TRANSPOSED = 111;
  private static final int TRANSPOSED = 112;

  private static @Nullable OpenBlas loaded;

  /** A row-major matrix of floats and the distance of its rows in elements. */
  record Floats(MemorySegment segment, long rowStride, boolean isTransposed) {}

  private final MethodHandle getThreads;
  private final MethodHandle setThreads;
  private final MethodHandle config;
  // The function is bound twice. Java arrays need a critical call, which blocks the garbage collector until it returns.
  private final MethodHandle sgemm;
  private final MethodHandle sgemmOverArrays;

  private OpenBlas(SharedLibrary library) throws LibraryLoadException {
    getThreads = library.function("openblas_get_num_threads", FunctionDescriptor.of(JAVA_INT));
    setThreads = library.function("openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
    config = library.function("openblas_get_config", FunctionDescriptor.of(CString.POINTER));
    FunctionDescriptor sgemmOf = FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
        JAVA_FLOAT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_FLOAT, ADDRESS, JAVA_INT);
    sgemm = library.function("cblas_sgemm", sgemmOf);
    sgemmOverArrays = library.function("cblas_sgemm", sgemmOf, Linker.Option.critical(true));
  }

  /**
   * Returns the loaded library and loads it at the first call.
   *
   * @throws EngineUnavailableException with every place tried; the next call tries again
   */
  static synchronized OpenBlas instance() {
    OpenBlas library = loaded;
    if (library == null) {
      library = load(System.getProperty(LIBRARY_PROPERTY, ""), OpenBlas.class.getClassLoader(), FILE);
      loaded = library;
    }
    return library;
  }

  /**
   * Loads a library.
   *
   * @param named path of the library; empty for the first one that loads
   * @param classes where {@link #ARTIFACT} is searched
   * @param installed file name of the library of the system
   */
  static OpenBlas load(String named, ClassLoader classes, String installed) {
    List<String> attempts = new ArrayList<>();
    List<String> places = new ArrayList<>();
    if (named.isEmpty()) {
      try {
        places.add(extracted(classes));
      } catch (LibraryLoadException e) {
        attempts.add(String.valueOf(e.getMessage()));
      }
      places.add(installed);
    } else {
      places.add(Path.of(named).toAbsolutePath().toString());
    }
    for (String place : places) {
      try {
        return new OpenBlas(SharedLibrary.open(place));
      } catch (LibraryLoadException e) {
        attempts.add(String.valueOf(e.getMessage()));
      }
    }
    String remedy = named.isEmpty()
        ? "add " + ARTIFACT + " and its natives of this platform to the class path, or name a library by the property "
        : "correct or drop the property ";
    throw new EngineUnavailableException("no matrix products on the CPU, which a linear head needs: "
        + String.join("; ", attempts) + "; " + remedy + LIBRARY_PROPERTY);
  }

  /**
   * Returns the library that the classes of {@link #ARTIFACT} have extracted from their jar. The classes are optional,
   * so that they are found by name.
   */
  private static String extracted(ClassLoader classes) throws LibraryLoadException {
    try {
      Class<?> binding = Class.forName("org.bytedeco.openblas.global.openblas_nolapack", false, classes);
      Object file = Class.forName("org.bytedeco.javacpp.Loader", true, classes).getMethod("load", Class.class)
          .invoke(null, binding);
      return Path.of(String.valueOf(file)).resolveSibling(FILE).toString();
    } catch (ClassNotFoundException e) {
      throw new LibraryLoadException(ARTIFACT + " is not on the class path");
    } catch (ReflectiveOperationException | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new LibraryLoadException(ARTIFACT + " cannot be used: " + cause.getMessage());
    }
  }

  /** Returns name and version, such as {@code OpenBLAS 0.3.31}. */
  String version() {
    try {
      String words = ((MemorySegment) config.invokeExact()).getString(0);
      int end = words.indexOf(' ', words.indexOf(' ') + 1); // The build follows the version.
      return end < 0 ? words : words.substring(0, end);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /**
   * Runs products, each of which uses the thread of its caller only.
   *
   * <p>Hazard: the number of threads is a setting of the process, which other users of OpenBLAS share. One call at a
   * time changes the setting, and restores it.
   */
  synchronized void withOneThread(Runnable products) {
    try {
      int before = (int) getThreads.invokeExact();
      setThreads.invokeExact(1);
      try {
        products.run();
      } finally {
        setThreads.invokeExact(before);
      }
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Computes {@code result = alpha * left * right + beta * result} with the shape of a tile. */
  void multiply(Tile shape, float alpha, Floats left, Floats right, float beta, Floats result) {
    MemorySegment a = left.segment();
    MemorySegment b = right.segment();
    MemorySegment c = result.segment();
    MethodHandle function = a.isNative() && b.isNative() && c.isNative() ? sgemm : sgemmOverArrays;
    try {
      function.invokeExact(ROW_MAJOR, transposition(left), transposition(right), Math.toIntExact(shape.rows()),
          shape.columns(), Math.toIntExact(shape.innerSize()), alpha, a, Math.toIntExact(left.rowStride()), b,
          Math.toIntExact(right.rowStride()), beta, c, Math.toIntExact(result.rowStride()));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private static int transposition(Floats factor) {
    return factor.isTransposed() ? TRANSPOSED : NOT_TRANSPOSED;
  }
}
