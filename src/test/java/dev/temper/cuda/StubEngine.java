package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.OpenedEngine;
import dev.temper.cuda.driver.PrimaryContext;
import dev.temper.cuda.nvrtc.HostBinaries;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;

/**
 * Opens CUDA engines on the stub driver, with kernels that g++ compiled, and checks that they release every resource.
 */
public abstract class StubEngine {

  public final StubDriver stub = StubDriver.load();

  private final long live = stub.live();

  @AfterEach
  public final void everythingIsReleased() {
    long left = stub.live();
    stub.removeDevices();
    assertThat(left).isEqualTo(live);
  }

  public final LossEngine open() {
    return open(0, EngineOptions.defaults());
  }

  public final LossEngine open(int index, EngineOptions options) {
    return open(index, options, HostBinaries.correct());
  }

  final LossEngine open(int index, EngineOptions options, HostBinaries binaries) {
    return OpenedEngine.over("cuda", provider(binaries).open(index, options), options);
  }

  final CudaEngineProvider provider(HostBinaries binaries) {
    return new CudaEngineProvider(stub.library(), (device, driver) -> binaries);
  }

  /** Calls of the driver. */
  interface Work {
    void run(Arena arena);
  }

  /** Runs calls of the driver in a context, which is destroyed afterwards with everything in it. */
  static void inContext(Work work) {
    PrimaryContext context = new PrimaryContext(0);
    try (context; Arena arena = Arena.ofConfined(); var _ = context.enter()) {
      work.run(arena);
    }
  }
}
