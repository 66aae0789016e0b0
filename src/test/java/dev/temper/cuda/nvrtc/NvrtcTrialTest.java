package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.kernel.code.DiskCache;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.spec.BatchKernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests doctor's report of stand-ins for NVRTC, one that compiles and one without its second library. */
final class NvrtcTrialTest {

  private static final String REMEDY =
      "install libnvrtc-builtins.so.12.9, which belongs beside libnvrtc.so (package cuda-nvrtc-12-9 of a "
      + "CUDA toolkit, or the Python wheel nvidia-cuda-nvrtc), or put " + NvrtcJar.ARTIFACT + " on the class path";

  @TempDir Path folder;

  @Test
  void aLibraryThatCompilesIsReportedWithItsPlace() throws Exception {
    assertThat(new ProcessBuilder("sh", "native/cuda-stub/build", folder.toString()).inheritIO().start().waitFor())
        .isZero();
    Path library = folder.resolve("libnvrtc.so.12");
    assertThat(compiler(library).describeNvrtc())
        .isEqualTo("NVRTC 0.0 at " + library + " (property temper.nvrtc), compute capabilities 9.0 to 9.0, compiles");
  }

  @Test
  void aLibraryWithoutItsBuiltinsIsReportedWithWhatToInstall() throws Exception {
    Path library = withoutBuiltins();
    assertThat(compiler(library).describeNvrtc())
        .isEqualTo("NVRTC 12.9 at " + library + " (property temper.nvrtc), compute capabilities "
        + "9.0 to 9.0, but it cannot compile: nvrtcCompileProgram of NVRTC 12.9 failed with status 7 "
        + "(NVRTC_ERROR_BUILTIN_OPERATION_FAILURE): nvrtc: error: failed to open libnvrtc-builtins.so.12.9. Make sure "
        + "that "
        + "libnvrtc-builtins.so.12.9 is installed correctly.; " + REMEDY);
  }

  @Test
  void aKernelThatSuchALibraryCompilesFailsWithTheSameReason() throws Exception {
    KernelCompiler compiler = compiler(withoutBuiltins());
    assertThatThrownBy(() -> compiler.compile(BatchKernel.CHECK, Target.cubin(new Architecture(9, 0))))
        .isInstanceOf(NvrtcFailedException.class).hasMessageContaining("NVRTC_ERROR_BUILTIN_OPERATION_FAILURE")
        .hasMessageEndingWith(REMEDY);
  }

  private KernelCompiler compiler(Path library) {
    Properties properties = new Properties();
    properties.setProperty(NvrtcPlaces.LIBRARY_PROPERTY, library.toString());
    return new KernelCompiler(DiskCache.open(folder.resolve("cache"), 1 << 20), new NvrtcSearch(
        new NvrtcPlaces(properties, Map.of(), NvrtcPlaces.NAMES, NvrtcPlaces.ANY_DRIVER),
        new NvrtcJar(ClassLoader.getPlatformClassLoader())));
  }

  /** Fails as libnvrtc does if its second library is absent. */
  private Path withoutBuiltins() throws IOException, InterruptedException {
    Path code = Files.writeString(folder.resolve("nvrtc.c"), """
        #include <string.h>
        static const char text[] = "nvrtc: error: failed to open libnvrtc-builtins.so.12.9.\\n"
            "  Make sure that libnvrtc-builtins.so.12.9 is installed correctly.\\n";
        const char* nvrtcGetErrorString(int status) { return "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE"; }
        int nvrtcVersion(int* major, int* minor) { *major = 12; *minor = 9; return 0; }
        int nvrtcGetNumSupportedArchs(int* count) { *count = 1; return 0; }
        int nvrtcGetSupportedArchs(int* numbers) { *numbers = 90; return 0; }
        int nvrtcCreateProgram(void** program, const char* a, const char* b, int c, const char** d, const char** e) {
          *program = program;
          return 0;
        }
        int nvrtcDestroyProgram(void** program) { return 0; }
        int nvrtcCompileProgram(void* program, int count, const char** options) { return 7; }
        int nvrtcGetProgramLogSize(void* program, size_t* bytes) { *bytes = sizeof text; return 0; }
        int nvrtcGetProgramLog(void* program, char* log) { memcpy(log, text, sizeof text); return 0; }
        int nvrtcGetCUBINSize(void* program, size_t* bytes) { return 1; }
        int nvrtcGetCUBIN(void* program, char* code) { return 1; }
        int nvrtcGetPTXSize(void* program, size_t* bytes) { return 1; }
        int nvrtcGetPTX(void* program, char* code) { return 1; }
        """);
    Path library = folder.resolve("libnvrtc.so.12");
    List<String> command = List.of(
        System.getenv().getOrDefault("CC", "cc"), "-shared", "-fPIC", "-w", code.toString(), "-o", library.toString());
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    return library;
  }
}
