package dev.temper.emulator;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.Availability;
import dev.temper.LossEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Tests of the engine over the CUDA sources, on the emulator. */
abstract class EmulatorTest {

  private Emulator emulator;

  @BeforeEach
  final void open() {
    Availability found = LossEngine.devices().getOrDefault("emulator", Availability.missing("no emulator"));
    assumeTrue(found.usable(), "DID NOT RUN: " + found.description());
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
