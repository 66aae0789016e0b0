package dev.temper.tools.cli;

import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
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
    LossEngine engine = opened(options);
    if (device.equals("auto")) {
      output.note("auto took " + engine.describe() + reason(engine.device()));
    }
    return engine;
  }

  private LossEngine opened(EngineOptions options) {
    try {
      return LossEngine.open(device, options);
    } catch (EngineUnavailableException e) {
      throw new EngineUnavailableException(e.getMessage() + "; temper doctor says what can be used here"
          + (device.equals("auto") ? "" : ", and --device auto takes the best of it"), e);
    }
  }

  private static String reason(String taken) {
    return switch (taken) {
      case "cuda" -> "";
      case "cpu" -> ", because no GPU can be used here; temper doctor says why";
      default -> ", because neither a GPU nor the CPU engine can be used here; temper doctor says why";
    };
  }
}
