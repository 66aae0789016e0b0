package dev.temper.tools.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads clocks, temperature and power of a GPU every other second through {@code nvidia-smi}, while the GPU is
 * measured. A machine without this program has no readings.
 */
final class GpuClocks implements AutoCloseable {

  private static final List<String> QUERIES = List.of("clocks.sm", "clocks.mem", "temperature.gpu", "power.draw");

  private final ClockReadings readings = new ClockReadings();
  private final Process program;

  private GpuClocks(Process program) {
    this.program = program;
  }

  /** Starts to read the clocks of a device. */
  static Optional<GpuClocks> watch(int index) {
    try {
      Process program = new ProcessBuilder("nvidia-smi", "--id=" + index, "--query-gpu=" + String.join(",", QUERIES),
          "--format=csv,noheader,nounits", "--loop=2").redirectError(ProcessBuilder.Redirect.DISCARD).start();
      GpuClocks clocks = new GpuClocks(program);
      Thread.ofPlatform().daemon().name("gpu-clocks").start(clocks::read);
      return Optional.of(clocks);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void read() {
    try (BufferedReader lines = program.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        readings.add(line);
      }
    } catch (IOException e) {
      // close() has ended the program
    }
  }

  /** Medians of the readings so far, by name and unit. */
  Map<String, Double> medians() {
    return readings.medians();
  }

  @Override
  public void close() {
    program.destroy();
  }
}
