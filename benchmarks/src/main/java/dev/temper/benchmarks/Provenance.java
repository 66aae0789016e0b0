package dev.temper.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.Main;

/** What the numbers belong to: revision and versions. */
final class Provenance {

  private Provenance() {}

  /** Revision of the sources in the given folder, {@code unknown} outside a git checkout. */
  static String commit(Path folder) throws IOException {
    String revision = git(folder, "rev-parse", "--short=12", "HEAD");
    if (revision.isEmpty()) {
      return "unknown";
    }
    return git(folder, "status", "--porcelain", "--untracked-files=no", ":/", ":(exclude,top)benchmarks/results").isEmpty()
        ? revision : revision + "-dirty";
  }

  /** Versions by name; does not load PyTorch into this process. */
  static Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("java", Runtime.version() + " (" + System.getProperty("java.vm.name") + ")");
    versions.put("jmh", implementationVersion(Main.class));
    versions.put("pytorch", jarVersion(torch.class));
    return versions;
  }

  private static String git(Path folder, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      Process git = new ProcessBuilder(command).directory(folder.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String answer = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 ? answer : "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  private static String implementationVersion(Class<?> type) {
    String version = type.getPackage().getImplementationVersion();
    return version == null ? jarVersion(type) : version;
  }

  /** From the name of the jar, which Maven makes of artifact and version; asks for no initialisation of the class. */
  private static String jarVersion(Class<?> type) {
    String jar = Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath()).getFileName().toString();
    return jar.replaceFirst("\\.jar$", "").replaceFirst("^\\D+", "");
  }
}
