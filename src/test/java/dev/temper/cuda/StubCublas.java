package dev.temper.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/** The stand-ins for cuBLAS (native/cuda-stub/cublas). JCublas serves version 12, and FFM version 13. */
public final class StubCublas {

  private StubCublas() {}

  /** Returns the search that finds the stand-in of a major version. */
  public static CublasSearch search(int major) {
    Properties properties = new Properties();
    properties.setProperty(CublasSearch.LIBRARY_PROPERTY, library(major).toString());
    return new CublasSearch(properties, Map.of(), List.of());
  }

  /**
   * Builds and loads a stand-in. JCublas uses the first loaded library of version 12. If that is another library, the
   * test is not run.
   */
  public static Path library(int major) {
    String name = "libcublas.so." + major;
    Path library = StubDriver.built(name);
    try {
      SharedLibrary.open(StubDriver.built("libcublasLt.so." + major).toString());
      SharedLibrary.open(library.toString());
      assumeTrue(SharedLibrary.open(name).file("cublasGetProperty").equals(Optional.of(library)),
          "did not run: this process has loaded another " + name + " before the stub");
    } catch (LibraryLoadException e) {
      throw new IllegalStateException(e);
    }
    return library;
  }
}
