package dev.temper.benchmarks;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.Main;

/** Versions of the measured software. */
final class Provenance {

  private Provenance() {}

  /** Versions by name, without loading PyTorch's native library. */
  static Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("java", Runtime.version() + " (" + System.getProperty("java.vm.name") + ")");
    versions.put("jmh", implementationVersion(Main.class));
    versions.put("pytorch", jarVersion(torch.class));
    return versions;
  }

  private static String implementationVersion(Class<?> type) {
    String version = type.getPackage().getImplementationVersion();
    return version == null ? jarVersion(type) : version;
  }

  /** The version in the name of a jar, which Maven makes of artifact and version; the class is not initialised. */
  private static String jarVersion(Class<?> type) {
    String jar = Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath()).getFileName().toString();
    return jar.replaceFirst("\\.jar$", "").replaceFirst("^\\D+", "");
  }
}
