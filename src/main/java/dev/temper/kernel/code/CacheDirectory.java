package dev.temper.kernel.code;

import dev.temper.internal.TrustedFiles;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The directory of compiled kernels. Code is loaded from the directory, so it must belong to this user, and no other
 * user may write to it.
 */
public final class CacheDirectory {

  /** System property with a directory that replaces the user's cache directory. */
  public static final String PROPERTY = "temper.cache";

  private CacheDirectory() {}

  /**
   * Returns the directory in {@value #PROPERTY}, or else {@code $XDG_CACHE_HOME/temper} or {@code ~/.cache/temper}. A
   * user without a home, as in a container, has a folder in the temporary directory.
   */
  public static Path ofUser() {
    return choose(System.getProperty(PROPERTY), System.getenv(), System.getProperty("user.home"));
  }

  static Path choose(@Nullable String property, Map<String, String> environment, String home) {
    if (property != null && !property.isBlank()) {
      return Path.of(property).toAbsolutePath();
    }
    String xdg = environment.get("XDG_CACHE_HOME");
    // The XDG base directory specification ignores relative paths.
    if (xdg != null && Path.of(xdg).isAbsolute()) {
      return Path.of(xdg, "temper");
    }
    // Java reports "?" as the home of a user without one.
    return Path.of(home).isAbsolute()
        ? Path.of(home, ".cache", "temper")
        : Path.of(System.getProperty("java.io.tmpdir"), "temper-cache");
  }

  /**
   * Creates the directory with mode 0700, or checks one that exists.
   *
   * @throws IOException if it cannot be created or written, is a link, belongs to another user or can be written by
   *     others
   */
  public static void prepare(Path directory) throws IOException {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      TrustedFiles.createFolder(directory);
    }
    String objection = TrustedFiles.objectionToFolder(directory);
    if (!objection.isEmpty()) {
      throw new IOException(directory + " " + objection);
    }
    if (!Files.isWritable(directory)) {
      throw new AccessDeniedException(directory.toString());
    }
  }
}
