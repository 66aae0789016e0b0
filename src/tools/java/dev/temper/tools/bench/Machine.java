package dev.temper.tools.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The computer of a measurement.
 *
 * @param processor name of the processor
 * @param cores processors available to the JVM
 * @param lastLevelCacheBytes size of the largest cache of core 0
 * @param system operating system, release and architecture
 */
public record Machine(String processor, int cores, long lastLevelCacheBytes, String system) {

  /** Assumed cache size on systems that do not report one: common for a few cores of a server processor. */
  private static final long ASSUMED_CACHE = 32L << 20;

  private static final Path CACHES = Path.of("/sys/devices/system/cpu/cpu0/cache");
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  /** This machine. */
  public static Machine here() {
    String system =
        System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch");
    return new Machine(processorName(), Runtime.getRuntime().availableProcessors(), largestCache(), system);
  }

  private static String processorName() {
    try (var lines = Files.lines(PROCESSORS)) {
      return lines.filter(line -> line.startsWith("model name")).findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse("unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static long largestCache() {
    try (var levels = Files.newDirectoryStream(CACHES, "index*")) {
      long largest = 0;
      for (Path level : levels) {
        largest = Math.max(largest, bytes(Files.readString(level.resolve("size")).strip()));
      }
      return largest > 0 ? largest : ASSUMED_CACHE;
    } catch (IOException | NumberFormatException e) {
      return ASSUMED_CACHE;
    }
  }

  /** Reads {@code 32768K}. */
  private static long bytes(String size) {
    String upper = size.toUpperCase(Locale.ROOT);
    int shift = upper.endsWith("K") ? 10 : upper.endsWith("M") ? 20 : 0;
    return Long.parseLong(shift == 0 ? upper : upper.substring(0, upper.length() - 1)) << shift;
  }
}
