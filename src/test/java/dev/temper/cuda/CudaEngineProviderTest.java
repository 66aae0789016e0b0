package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.cuda.driver.CudaDevice;
import dev.temper.cuda.driver.CudaDriver;
import dev.temper.kernel.plan.Architecture;
import dev.temper.ffm.LibraryLoadException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the provider with stand-ins for the driver's library, because a build machine may have no driver. */
final class CudaEngineProviderTest {

  @TempDir Path folder;

  @Test
  void withoutADriverTheMessageHasTheLoadersReason() {
    CudaEngineProvider provider = provider("libcuda-absent.so.1");
    assertThat(provider.availability().usable()).isFalse();
    assertThat(provider.availability().description())
        .isEqualTo("no CUDA: no NVIDIA driver: libcuda-absent.so.1: cannot open shared object file: No such file or "
            + "directory");
    assertThatThrownBy(() -> provider.open(0, EngineOptions.defaults())).isInstanceOf(EngineUnavailableException.class)
        .hasMessage(provider.availability().description());
    assertThat(provider.findings()).extracting(f -> f.subject())
        .containsExactly("CUDA driver", "NVRTC", "cuBLAS", "kernel cache");
  }

  @Test
  void aDriverThatDoesNotStartIsReportedWithCallCodeAndName() throws Exception {
    assertThat(provider(driver(100, 0, 0)).availability().description())
        .isEqualTo("no CUDA: the NVIDIA driver does not start: cuInit failed with code 100 (CUDA_ERROR_OF_STAND_IN); "
            + "no device is visible; see whether nvidia-smi lists one, what CUDA_VISIBLE_DEVICES says, and whether a "
            + "container was started "
            + "with its GPUs");
  }

  @Test
  void noDeviceAndTooOldDeviceAreReported() throws Exception {
    assertThat(provider(driver(0, 0, 0)).availability().description())
        .isEqualTo("no CUDA: the NVIDIA driver serves no device");
    assertThat(provider(driver(0, 2, 7)).availability().description())
        .isEqualTo("no CUDA: Stand-in 0 (compute capability 7.0, 2.0 GiB) is too old, expected compute capability 7.5 "
            + "or later");
  }

  @Test
  void devicesAreReadAsTheDriverDescribesThem() throws Exception {
    CudaDriver driver = CudaDriver.load(driver(0, 2, 9));
    assertThat(driver.versionText()).isEqualTo("12.4");
    assertThat(driver.devices()).containsExactly(
        new CudaDevice(0, "Stand-in 0", new Architecture(9, 0), 1L << 31),
        new CudaDevice(1, "Stand-in 1", new Architecture(9, 0), 1L << 31));
  }

  @Test
  void aLibraryWithoutDriverFunctionsIsReported() {
    assertThatThrownBy(() -> CudaDriver.load("libc.so.6")).isInstanceOf(LibraryLoadException.class)
        .hasMessage("libc.so.6 has no function cuInit");
  }

  private static CudaEngineProvider provider(String library) {
    return new CudaEngineProvider(library, (device, driver) -> {
      throw new AssertionError("nothing is compiled for " + device);
    });
  }

  private String driver(int initCode, int devices, int major) throws IOException, InterruptedException {
    // Each library has another name, because the loader does not load a path twice.
    return compiled("driver-" + initCode + "-" + devices + "-" + major, """
        #include <stddef.h>
        #include <stdio.h>
        int cuInit(unsigned flags) { return %d; }
        int cuDriverGetVersion(int* version) { *version = 12040; return 0; }
        int cuDeviceGetCount(int* count) { *count = %d; return 0; }
        int cuDeviceGet(int* device, int index) { *device = index + 40; return 0; }
        int cuDeviceGetName(char* name, int length, int device) {
          snprintf(name, length, "Stand-in %%d", device - 40);
          return 0;
        }
        int cuDeviceTotalMem_v2(size_t* bytes, int device) { *bytes = 1ul << 31; return device < 40; }
        int cuDeviceGetAttribute(int* value, int attribute, int device) {
          *value = attribute == 75 ? %d : attribute == 76 ? 0 : -1;
          return device < 40;
        }
        int cuGetErrorName(int code, const char** name) { *name = "CUDA_ERROR_OF_STAND_IN"; return 0; }
        """.formatted(initCode, devices, major)).toString();
  }

  private Path compiled(String name, String code) throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve(name + ".c"), code);
    Path library = folder.resolve("lib" + name + ".so");
    Process compiler = new ProcessBuilder(System.getenv().getOrDefault("CC", "cc"), "-shared", "-fPIC",
        source.toString(), "-o",
        library.toString()).inheritIO().start();
    assertThat(compiler.waitFor()).isZero();
    return library;
  }
}
