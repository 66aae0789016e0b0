package dev.temper.tools.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The processor, and its features that determine the speed of a loss.
 *
 * @param name name of the processor, or an empty string if the system reports none
 * @param features features in the system's spelling, such as {@code avx512bw}; empty if the system reports none
 */
record Processor(String name, List<String> features) {

  private static final Set<String> RELEVANT =
      Set.of("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq",
      "avx512vl", "avx512_bf16", "avx512_fp16", "amx_bf16", "asimd", "asimdhp", "fphp", "bf16", "sve", "sve2");

  static Processor here() {
    return of(Path.of("/proc/cpuinfo"));
  }

  static Processor of(Path cpuinfo) {
    try {
      List<String> lines = Files.readAllLines(cpuinfo);
      String flags = first(lines, "flags", "Features");
      return new Processor(first(lines, "model name", "CPU part"),
          Arrays.stream(flags.split(" ", -1)).filter(RELEVANT::contains).sorted().toList());
    } catch (IOException e) {
      return new Processor("", List.of());
    }
  }

  private static String first(List<String> lines, String... keys) {
    for (String line : lines) {
      int colon = line.indexOf(':');
      if (colon > 0 && Arrays.asList(keys).contains(line.substring(0, colon).strip())) {
        return line.substring(colon + 1).strip();
      }
    }
    return "";
  }
}
