package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.cuda.driver.CudaDriver;
import dev.temper.cuda.driver.JCudaLibrary;
import dev.temper.cuda.driver.PrimaryContext;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The stand-in for NVIDIA's driver (native/cuda-stub), built and loaded under JCuda's own library. */
final class StubDriver {

  private static final String DEVICES = "CUDA_STUB_DEVICES";

  private static final AtomicReference<@Nullable StubDriver> LOADED = new AtomicReference<>();

  private final String library;
  private final MethodHandle live;
  private final MethodHandle calls;
  private final MethodHandle setenv;

  private StubDriver(String library) throws LibraryLoadException {
    this.library = library;
    live = SharedLibrary.open(library).function("cuda_stub_live", FunctionDescriptor.of(JAVA_LONG));
    calls = SharedLibrary.open(library).function("cuda_stub_calls", FunctionDescriptor.of(JAVA_LONG));
    Linker linker = Linker.nativeLinker();
    setenv = linker.downcallHandle(
        linker.defaultLookup().findOrThrow("setenv"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
  }

  /**
   * Builds and loads the stub once, and adds two devices until {@link #removeDevices()}. Without a compiler, or if this
   * process has loaded another driver, the test is not run.
   */
  static synchronized StubDriver load() {
    StubDriver loaded = LOADED.get();
    if (loaded == null) {
      try {
        loaded = new StubDriver(built("libcuda.so.1").toString());
        loaded.set(DEVICES, "2");
        CudaDriver.load(loaded.library);
      } catch (LibraryLoadException e) {
        throw new IllegalStateException(e);
      }
      JCudaLibrary.load();
      LOADED.set(loaded);
    }
    loaded.set(DEVICES, "2");
    assumeTrue(isBound(loaded), "did not run: this process has loaded another driver before the stub");
    return loaded;
  }

  /** Builds all stand-ins, and returns one of them; without a compiler, the test is not run. */
  static Path built(String library) {
    assumeTrue(System.getProperty("os.name", "").equals("Linux") && System.getProperty("os.arch", "").equals("amd64"),
        "did not run: JCuda and the stub driver are for Linux on x86-64");
    assumeTrue(compiler() != null, "did not run: no g++ to build the stub driver");
    run(List.of("sh", "native/cuda-stub/build", "target/cuda-stub"));
    return Path.of("target/cuda-stub", library).toAbsolutePath();
  }

  /** Removes the devices, because other tests search for the driver by its name and must find no device. */
  void removeDevices() {
    set(DEVICES, "0");
  }

  String library() {
    return library;
  }

  CudaDriver driver() {
    try {
      return CudaDriver.load(library);
    } catch (LibraryLoadException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Number of objects that are not released. */
  long live() {
    try {
      return (long) live.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Number of driver calls so far, without those that need no context. */
  long calls() {
    try {
      return (long) calls.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sets a variable of the stub for a block. */
  Setting with(String variable, Object value) {
    set(variable, value.toString());
    return () -> set(variable, "");
  }

  interface Setting extends AutoCloseable {
    @Override
    void close();
  }

  private void set(String variable, String value) {
    try (Arena arena = Arena.ofConfined()) {
      int status = (int) setenv.invokeExact(arena.allocateFrom(variable), arena.allocateFrom(value), 1);
      assertThat(status).isZero();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Returns whether JCuda uses the stub, which then counts a new context. JCuda uses the driver that was loaded first.
   */
  private static boolean isBound(StubDriver stub) {
    long before = stub.live();
    PrimaryContext context = new PrimaryContext(0);
    boolean bound = stub.live() == before + 1;
    context.close();
    return bound;
  }

  /** Compiles a source with CUDA on the host to a shared object. */
  static Path compile(Path source, Path object) {
    run(List.of("sh", "-c", "\"${CXX:-g++}\" -std=c++17 -O1 -fPIC -shared -Inative/cuda-host \"$0\" "
        + "$(ls native/cuda-host/*.cpp | grep -v tracer) -o \"$1\"", source.toString(), object.toString()));
    return object;
  }

  private static @Nullable String compiler() {
    try {
      return new ProcessBuilder("sh", "-c", "command -v \"${CXX:-g++}\"").start().waitFor() == 0 ? "g++" : null;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Memory at an address of the stub. */
  static MemorySegment at(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
