package dev.temper.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where compiled kernels are kept: a directory of the user's own, closed to everybody else, because code is loaded from it. */
public final class CacheDirectory {

  /** System property that names the directory, in place of the user's cache directory. */
  public static final String PROPERTY = "temper.cache";

  private CacheDirectory() {}

  /** {@code $XDG_CACHE_HOME/temper} or {@code ~/.cache/temper}, unless {@value #PROPERTY} names another. */
  public static Path ofUser() {
    return choose(System.getProperty(PROPERTY), System.getenv(), System.getProperty("user.home"));
  }

  static Path choose(@Nullable String property, Map<String, String> environment, String home) {
    if (property != null && !property.isBlank()) {
      return Path.of(property).toAbsolutePath();
    }
    String xdg = environment.get("XDG_CACHE_HOME");
    // A relative path there is to be ignored, says the XDG base directory specification.
    if (xdg != null && Path.of(xdg).isAbsolute()) {
      return Path.of(xdg, "temper");
    }
    return Path.of(home, ".cache", "temper");
  }

  /**
   * Creates the directory, or takes one that exists, with mode 0700.
   *
   * @throws IOException if it cannot be created or written, or belongs to another user
   */
  public static void prepare(Path directory) throws IOException {
    Files.createDirectories(directory);
    if (Files.isSymbolicLink(directory)) {
      throw new IOException(directory + " is a symbolic link");
    }
    // Not createTempFile: its random names cost a start some 10 ms.
    Path probe = directory.resolve("probe-" + ProcessHandle.current().pid() + "-" + System.nanoTime() + ".tmp");
    Files.createFile(probe);
    try {
      if (!Files.getOwner(probe).equals(Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS))) {
        throw new IOException(directory + " belongs to " + Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS) + ", not to this user");
      }
    } finally {
      Files.delete(probe);
    }
    if (Files.getFileStore(directory).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
  }
}
