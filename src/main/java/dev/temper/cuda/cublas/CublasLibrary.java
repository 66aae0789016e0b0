package dev.temper.cuda.cublas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.temper.cuda.driver.JCudaLibrary;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A loaded cuBLAS and the binding to it: JCublas for version 12 if it can be used, else the foreign function interface.
 *
 * @param file file of the library
 * @param version such as {@code 12.9}
 * @param light file of libcublasLt, on which libcublas depends
 * @param functions the binding
 * @param reason why JCublas is not used; an empty string if JCublas is used
 */
record CublasLibrary(String file, String version, String light, CublasFunctions functions, String reason) {

  /** Version of cuBLAS that JCublas's library is bound to. */
  private static final int BOUND = 12;

  /** {@code libraryPropertyType}: major version. */
  private static final int MAJOR = 0;
  /** {@code libraryPropertyType}: minor version. */
  private static final int MINOR = 1;

  /**
   * Loads a library.
   *
   * @param name path, or file name for the loader
   * @param jcublas loads JCublas; called only if the library is loaded, and of the version that JCublas is bound to
   * @throws LibraryLoadException with the loader's reason
   */
  static CublasLibrary load(String name, Loading jcublas) throws LibraryLoadException {
    SharedLibrary library = open(name);
    MethodHandle getProperty = library.function("cublasGetProperty", FunctionDescriptor.of(JAVA_INT, JAVA_INT,
        ADDRESS));
    int major = property(getProperty, MAJOR);
    String version = major + "." + property(getProperty, MINOR);
    String light = SharedLibrary.open(light(major)).file("cublasLtGetVersion").map(Path::toString).orElse(light(major));
    CublasFunctions foreign = new ForeignCublas(library);
    String reason = major == BOUND ? whyNot(jcublas) : "JCublas needs cuBLAS " + BOUND;
    return new CublasLibrary(library.file("cublasGetProperty").map(Path::toString).orElse(name), version, light,
        reason.isEmpty() ? new JCublas() : foreign, reason);
  }

  /**
   * Loads libcublasLt before the library if both lie in one folder. libcublas needs it, and the loader does not search
   * that folder.
   */
  private static SharedLibrary open(String name) throws LibraryLoadException {
    Path given = Path.of(name);
    Path beside = given.resolveSibling(String.valueOf(given.getFileName()).replace("libcublas.", "libcublasLt."));
    if (given.getNameCount() > 1 && !beside.equals(given) && Files.isRegularFile(beside)) {
      SharedLibrary.open(beside.toString());
    }
    return SharedLibrary.open(name);
  }

  private static String light(int major) {
    return "libcublasLt.so." + major;
  }

  /** Loads JCublas's native library. It throws a {@link LinkageError} if the library does not load. */
  interface Loading {
    void load() throws IOException;
  }

  /** Loads JCublas. Returns an empty string, or the reason why JCublas cannot be used. */
  private static String whyNot(Loading jcublas) {
    try {
      jcublas.load();
      return "";
    } catch (IOException e) {
      return "JCublas needs a temporary folder: " + e;
    } catch (LinkageError e) {
      return "JCublas's library does not load: " + JCudaLibrary.reason(e);
    }
  }

  private static int property(MethodHandle getProperty, int which) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      int status = (int) getProperty.invokeExact(which, value);
      return status == CublasFunctions.SUCCESS ? value.get(JAVA_INT, 0) : 0;
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Version and binding in one phrase. */
  String describe() {
    return "cuBLAS " + version + " through " + functions.binding();
  }

  /** Files, version and binding, with the reason where JCublas is not used. */
  String finding() {
    return file + ", version " + version + ", with " + light + ", through " + functions.binding()
        + (reason.isEmpty() ? "" : ", because " + reason);
  }
}
