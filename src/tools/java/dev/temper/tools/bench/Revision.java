package dev.temper.tools.bench;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;

/** The revision of the sources of this program. */
public final class Revision {

  /** System property with the revision, for programs outside a checkout. */
  public static final String PROPERTY = "temper.commit";

  private static final String UNKNOWN = "unknown";

  private Revision() {}

  /** The revision in {@value #PROPERTY}, or else that of the checkout in which this code was built. */
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
   * The revision of the checkout around a folder, with {@code -dirty} if any file but measured results has been
   * changed; {@code unknown} outside a checkout.
   */
  public static String of(Path folder) {
    String revision = git(folder, "rev-parse", "--short=12", "HEAD");
    if (revision.isEmpty()) {
      return UNKNOWN;
    }
    String changes =
        git(folder, "status", "--porcelain", "--untracked-files=no", ":/", ":(exclude,top)benchmarks/results");
    return changes.isEmpty() ? revision : revision + "-dirty";
  }

  private static String git(Path folder, String... arguments) {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      Process git = new ProcessBuilder(command).directory(folder.toFile())
          .redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String answer = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 ? answer : "";
    } catch (IOException e) {
      return ""; // this machine has no git
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
