package dev.temper.emulator;

import dev.temper.LossEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Tests of the engine over the CUDA sources, on the emulator. */
abstract class EmulatorTest {

  private Emulator emulator;

  @BeforeEach
  final void open() {
    Emulator.assumeUsable();
    emulator = Emulator.of("9.0");
  }

  @AfterEach
  final void close() {
    if (emulator != null) {
      emulator.close();
    }
  }

  final LossEngine engine() {
    return emulator.engine();
  }
}
