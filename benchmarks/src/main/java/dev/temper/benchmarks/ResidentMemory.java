package dev.temper.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Resident memory of this process in bytes, as counted by Linux. */
final class ResidentMemory {

  private ResidentMemory() {}

  static long bytes() {
    return read("VmRSS:");
  }

  /** The peak since {@link #resetPeak}. */
  static long peakBytes() {
    return read("VmHWM:");
  }

  static void resetPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot reset the peak of the resident memory; this benchmark needs Linux", e);
    }
  }

  private static long read(String field) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      String line = lines.filter(l -> l.startsWith(field)).findFirst().orElseThrow();
      return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resident memory; this benchmark needs Linux", e);
    }
  }
}
