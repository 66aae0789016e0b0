package dev.temper.tools.cli;

import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import picocli.CommandLine.Option;

/** The option {@code --device} of every verb that computes. */
final class DeviceOption {

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "auto",
      description = "Where to compute: auto, cpu, cuda, cuda:N, emulator or reference; auto takes cuda if it can be"
          + " used, else cpu (default: ${DEFAULT-VALUE}).")
  String device;

  /** Opens the engine. With {@code auto}, a note gives the device and the reason. */
  LossEngine open(OutputOptions output) {
    return open(output, EngineOptions.defaults());
  }

  /** {@link #open(OutputOptions)} with options of the engine. */
  LossEngine open(OutputOptions output, EngineOptions options) {
    LossEngine engine = LossEngine.open(device, options);
    if (device.equals("auto")) {
      output.note("auto took " + engine.describe() + reason(engine.device()));
    }
    return engine;
  }

  private static String reason(String taken) {
    return switch (taken) {
      case "cuda" -> "";
      case "cpu" -> ", because no GPU can be used here; temper doctor says why";
      default -> ", because neither a GPU nor the CPU engine can be used here; temper doctor says why";
    };
  }
}
