package dev.temper.benchmarks;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.temper.Availability;
import dev.temper.LossEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The driver of the CUDA engine: NVIDIA's, or the stub of {@code native/cuda-stub}. */
public enum DriverChoice implements AutoCloseable {
  /** The driver of the machine. */
  NVIDIA,
  /** A stub that runs no kernels. A launch then consists of Java, JCuda's library and the stub's bookkeeping. */
  STUB {
    @Override
    void install() {
      Path folder = Path.of("target/cuda-stub").toAbsolutePath();
      build(folder);
      SETTINGS.forEach(name -> setenv(name, "1"));
      System.setProperty("temper.cuda.driver", folder.resolve("libcuda.so.1").toString());
      System.setProperty("temper.nvrtc", folder.resolve("libnvrtc.so.12").toString());
      System.setProperty("temper.cache", folder.resolve("cache").toString());
    }

    // A later search for a driver in this process still finds the stub, which then has no device.
    @Override
    public void close() {
      SETTINGS.forEach(name -> setenv(name, "0"));
      List.of("temper.cuda.driver", "temper.nvrtc", "temper.cache").forEach(System::clearProperty);
    }
  };

  private static final List<String> SETTINGS = List.of("CUDA_STUB_DEVICES", "CUDA_STUB_EAGER");

  /** The driver of the machine if there is one, even if it does not work: the benchmark then fails with the reason. */
  static DriverChoice ofMachine() {
    String cuda = LossEngine.devices().getOrDefault("cuda", Availability.missing("no NVIDIA driver")).description();
    return cuda.contains("no NVIDIA driver") || cuda.contains("does not start") ? STUB : NVIDIA;
  }

  /** Makes the driver available; called before an engine is opened. */
  void install() {}

  @Override
  public void close() {}

  private static void build(Path folder) {
    try {
      Process build = new ProcessBuilder("sh", "../native/cuda-stub/build", folder.toString()).redirectErrorStream(true)
          .start();
      String output = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (build.waitFor() != 0) {
        throw new IllegalStateException("no NVIDIA driver here, and its stub cannot be built (it needs g++ on Linux): "
            + output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the stub of the NVIDIA driver cannot be built", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static void setenv(String name, String value) {
    Linker linker = Linker.nativeLinker();
    var setenv = linker.downcallHandle(linker.defaultLookup().findOrThrow("setenv"),
        FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      int _ = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
