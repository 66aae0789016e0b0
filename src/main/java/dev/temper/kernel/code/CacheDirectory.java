package dev.temper.kernel.code;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystems;
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

  private static final Path PROCESS = Path.of("/proc/self");
  private static final int PERMISSIONS = 0777;
  private static final int OWN_ALONE = 0700;

  private CacheDirectory() {}

  /**
   * {@code $XDG_CACHE_HOME/temper} or {@code ~/.cache/temper}, unless {@value #PROPERTY} names another; for a user without a home,
   * as containers have them, a folder among the temporary ones.
   */
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
    // A user without a home has the home "?", says Java.
    return Path.of(home).isAbsolute() ? Path.of(home, ".cache", "temper") : Path.of(System.getProperty("java.io.tmpdir"), "temper-cache");
  }

  /**
   * Creates the directory, or takes one that exists, with mode 0700.
   *
   * @throws IOException if it cannot be created or written, or belongs to another user
   */
  public static void prepare(Path directory) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(directory);
      if (Files.isSymbolicLink(directory)) {
        throw new IOException(directory + " is a symbolic link");
      }
    }
    if (!Files.isWritable(directory)) {
      throw new AccessDeniedException(directory.toString());
    }
    if (!FileSystems.getDefault().supportedFileAttributeViews().contains("unix")) {
      return;  // elsewhere a user's folders are closed to others as they are
    }
    Object owner = owner(directory);
    if (!owner.equals(ownUser(directory))) {
      throw new IOException(directory + " belongs to user " + owner + ", not to this one");
    }
    if (((int) Files.getAttribute(directory, "unix:mode") & PERMISSIONS) != OWN_ALONE) {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
  }

  /** The number: a name would be looked up, over a network on some machines. */
  private static Object owner(Path path) throws IOException {
    return Files.getAttribute(path, "unix:uid");
  }

  /** Linux tells it; elsewhere a new file does. */
  private static Object ownUser(Path directory) throws IOException {
    if (Files.exists(PROCESS)) {
      return owner(PROCESS);
    }
    Path probe = Files.createTempFile(directory, "probe", ".tmp");
    try {
      return owner(probe);
    } finally {
      Files.delete(probe);
    }
  }
}
