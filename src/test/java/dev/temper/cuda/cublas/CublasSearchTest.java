package dev.temper.cuda.cublas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.EngineUnavailableException;
import dev.temper.cuda.StubCublas;
import dev.temper.cuda.toolkit.LibraryPlaces.Place;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the search for cuBLAS with stand-ins for the library that only have a version. */
final class CublasSearchTest {

  @TempDir Path folder;

  @Test
  void aNamedLibraryComesFirstAndThenVersion12InAllPlaces() {
    Properties properties = named("/own/libcublas.so.13");
    properties.setProperty("temper.cublas.wheels", "/py/a" + File.pathSeparator + "/py/b");
    assertThat(new CublasSearch(properties, Map.of("CUDA_HOME", "/cuda", "CUDA_PATH", "/path"), CublasSearch.NAMES)
        .places().stream().map(Place::name)).containsSubsequence(
        "/own/libcublas.so.13", "/cuda/lib64/libcublas.so.12", "/path/lib64/libcublas.so.12", "libcublas.so.12",
        "/py/a/nvidia/cublas/lib/libcublas.so.12", "/py/b/nvidia/cublas/lib/libcublas.so.12",
        "/cuda/lib64/libcublas.so.13", "/path/lib64/libcublas.so.13", "libcublas.so.13",
        "/py/a/nvidia/cu13/lib/libcublas.so.13");
  }

  @Test
  void theMessageHasTheRemedyAndEveryPlaceTried() {
    CublasSearch search = new CublasSearch(named("libc.so.6"), Map.of("CUDA_HOME", "/nowhere"),
        List.of("libcublas.so.99"));
    assertThatThrownBy(search::load).isInstanceOf(EngineUnavailableException.class).hasMessage(
        "no cuBLAS (NVIDIA's matrix products, which a linear head needs on CUDA); install libcublas of a CUDA toolkit "
        + "of version 12 or 13, or set CUDA_HOME or -Dtemper.cublas=/path/to/libcublas.so.12; tried:\n"
        + "  property temper.cublas: libc.so.6: libc.so.6 has no function cublasGetProperty\n"
        + "  CUDA_HOME: /nowhere/lib64/libcublas.so.99: cannot open shared object file: No such file or directory\n"
        + "  CUDA_HOME: /nowhere/targets/x86_64-linux/lib/libcublas.so.99: cannot open shared object file: No such "
        + "file or directory\n"
        + "  CUDA_HOME: /nowhere/targets/sbsa-linux/lib/libcublas.so.99: cannot open shared object file: No such file "
        + "or directory\n"
        + "  CUDA_HOME: /nowhere/lib/libcublas.so.99: cannot open shared object file: No such file or directory\n"
        + "  loader: libcublas.so.99: cannot open shared object file: No such file or directory");
    assertThat(search.finding().result()).startsWith("none, and only a linear head needs it: no cuBLAS (");
  }

  /** Tests that libcublasLt is loaded first, because the library has no path to it. */
  @Test
  void libcublasLtBesideTheLibraryIsLoadedFirst() throws Exception {
    Path light = compiled("libcublasLt.so.98", "long cublasLtGetVersion(void) { return 980000; }");
    Path library = compiled("libcublas.so.98", FUNCTIONS.replace("MAJOR", "98"), light.toString());
    assertThat(finding(library)).isEqualTo(library + ", version 98.7, with " + light
        + ", through FFM, because JCublas needs cuBLAS 12");
  }

  @Test
  void jcublasServesVersion12AndFfmVersion13() {
    Path folder = StubCublas.library(12).getParent();
    assertThat(StubCublas.search(12).finding().result()).isEqualTo(StubCublas.library(12) + ", version 12.0, with "
        + folder + "/libcublasLt.so.12, through JCublas");
    assertThat(StubCublas.search(13).finding().result()).isEqualTo(StubCublas.library(13) + ", version 13.0, with "
        + folder + "/libcublasLt.so.13, through FFM, because JCublas needs cuBLAS 12");
  }

  @Test
  void ffmServesVersion12WhereJcublasDoesNotLoad() throws Exception {
    String library = StubCublas.library(12).toString();
    CublasLibrary found = CublasLibrary.load(library, () -> {
      throw new UnsatisfiedLinkError("Error while loading native library\nError: version not found (required by it)");
    });
    assertThat(found.describe()).isEqualTo("cuBLAS 12.0 through FFM");
    assertThat(found.finding()).endsWith(
        ", through FFM, because JCublas's library does not load: Error: version not found (required by it)");
    CublasLibrary unwritten = CublasLibrary.load(library, () -> {
      throw new IOException("no space left");
    });
    assertThat(unwritten.reason()).isEqualTo("JCublas needs a temporary folder: java.io.IOException: no space left");
  }

  private static final String FUNCTIONS = """
      long cublasLtGetVersion(void);
      int cublasGetProperty(int which, int* value) {
        *value = which == 0 ? MAJOR : cublasLtGetVersion() > 0 ? 7 : -1;
        return 0;
      }
      int cublasCreate_v2(void) { return 1; }
      int cublasDestroy_v2(void) { return 1; }
      int cublasSetPointerMode_v2(void) { return 1; }
      int cublasSetStream_v2(void) { return 1; }
      int cublasSetWorkspace_v2(void) { return 1; }
      int cublasSetMathMode(void) { return 1; }
      int cublasGemmEx(void) { return 1; }
      const char* cublasGetStatusString(int status) { return "STAND_IN"; }
      """;

  private static String finding(Path library) {
    return new CublasSearch(named(library.toString()), Map.of(), List.of()).finding().result();
  }

  private static Properties named(String library) {
    Properties properties = new Properties();
    properties.setProperty(CublasSearch.LIBRARY_PROPERTY, library);
    return properties;
  }

  private Path compiled(String name, String code, String... libraries) throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve(name + ".c"), code);
    Path library = folder.resolve(name);
    List<String> command = new ArrayList<>(List.of(System.getenv().getOrDefault("CC", "cc"), "-shared",
        "-fPIC", "-Wl,-soname," + name, source.toString(), "-o", library.toString()));
    command.addAll(List.of(libraries));
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    return library;
  }
}
