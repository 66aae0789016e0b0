package dev.temper.tools.bench;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;

/** Which revision of the sources the numbers belong to. */
public final class Revision {

  /** System property that names it where there is no checkout. */
  public static final String PROPERTY = "temper.commit";

  private static final String UNKNOWN = "unknown";

  private Revision() {}

  /** The one that {@value #PROPERTY} names, else that of the checkout in which this code was built. */
  public static String here() {
    String named = System.getProperty(PROPERTY, "");
    if (!named.isBlank()) {
      return named.strip();
    }
    CodeSource source = Revision.class.getProtectionDomain().getCodeSource();
    try {
      return source == null ? UNKNOWN : of(Path.of(source.getLocation().toURI()).resolveSibling("."));
    } catch (URISyntaxException e) {
      return UNKNOWN;
    }
  }

  /**
   * That of the checkout around a folder, with {@code -dirty} if anything but measured results has been changed; {@code unknown}
   * outside one.
   */
  public static String of(Path folder) {
    String revision = git(folder, "rev-parse", "--short=12", "HEAD");
    if (revision.isEmpty()) {
      return UNKNOWN;
    }
    return git(folder, "status", "--porcelain", "--untracked-files=no", ":/", ":(exclude,top)benchmarks/results").isEmpty()
        ? revision : revision + "-dirty";
  }

  private static String git(Path folder, String... arguments) {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      Process git = new ProcessBuilder(command).directory(folder.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String answer = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 ? answer : "";
    } catch (IOException e) {
      return ""; // no git here
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
