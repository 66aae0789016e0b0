package dev.temper.tools.cli;

import dev.temper.LossEngine;
import picocli.CommandLine.Option;

/** Mixin of every verb that computes: {@code --device}. */
final class DeviceOption {

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "auto",
      description = "auto, cpu, cuda, cuda:N, emulator or reference; auto takes cuda if usable, else cpu (default: ${DEFAULT-VALUE}).")
  String device;

  /** Opens the engine; where it was left to {@code auto}, a note says which device was taken and why. */
  LossEngine open(OutputOptions output) {
    LossEngine engine = LossEngine.open(device);
    if (device.equals("auto")) {
      output.note(engine.selection());
    }
    return engine;
  }
}
