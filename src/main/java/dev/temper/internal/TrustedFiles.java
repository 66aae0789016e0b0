package dev.temper.internal;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/**
 * The rule by which code and results are taken from a file or folder that an earlier process made: it belongs to this
 * user, and no other user can change it.
 *
 * <p>Hazard: code loaded from a file of another user runs with this user's rights. The kind, owner and mode are read
 * without following a link, so that a link or a pipe in the place of a file is an objection, not a hang.
 */
public final class TrustedFiles {

  private static final boolean HAS_OWNERS = FileSystems.getDefault().supportedFileAttributeViews().contains("unix");
  private static final Path PROCESS = Path.of("/proc/self");
  private static final int WRITABLE_BY_OTHERS = 0022;

  private TrustedFiles() {}

  /**
   * The reason why a file is not to be used, as the end of a sentence that begins with its path, or an empty string.
   *
   * @throws IOException if there is no such file
   */
  public static String objectionToFile(Path file) throws IOException {
    return objection(file, "isRegularFile", "file");
  }

  /** {@link #objectionToFile} for a folder. */
  public static String objectionToFolder(Path folder) throws IOException {
    return objection(folder, "isDirectory", "folder");
  }

  /** Whether a file belongs to this user; true where the system does not say. */
  public static boolean isOwn(Path file) throws IOException {
    return !HAS_OWNERS || OwnUser.NUMBER.equals(Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS));
  }

  /** Creates a folder and its missing parents with mode 0700 in one step: no other user can enter it in between. */
  public static void createFolder(Path folder) throws IOException {
    Files.createDirectories(folder, HAS_OWNERS
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))}
        : new FileAttribute<?>[0]);
  }

  private static String objection(Path path, String kindAttribute, String kind) throws IOException {
    String names = HAS_OWNERS ? "unix:mode,uid,isSymbolicLink," + kindAttribute : kindAttribute;
    Map<String, Object> found = Files.readAttributes(path, names, LinkOption.NOFOLLOW_LINKS);
    if (Boolean.TRUE.equals(found.get("isSymbolicLink"))) {
      return "is a symbolic link";
    }
    if (!Boolean.TRUE.equals(found.get(kindAttribute))) {
      return "is no " + kind;
    }
    if (!HAS_OWNERS) {
      return "";
    }
    if (!OwnUser.NUMBER.equals(found.get("uid"))) {
      return "belongs to user " + found.get("uid") + ", not to this one";
    }
    boolean closed = found.get("mode") instanceof Integer mode && (mode & WRITABLE_BY_OTHERS) == 0;
    return closed ? "" : "can be written by other users";
  }

  /** This process's user. The number: a name would be looked up, over a network on some machines. */
  private static final class OwnUser {
    static final Object NUMBER = number();

    private static Object number() {
      try {
        if (Files.exists(PROCESS)) {
          return Files.getAttribute(PROCESS, "unix:uid");
        }
        // Systems other than Linux: the owner of a new file.
        Path probe = Files.createTempFile("temper", ".tmp");
        try {
          return Files.getAttribute(probe, "unix:uid");
        } finally {
          Files.delete(probe);
        }
      } catch (IOException e) {
        return "unknown";  // no file is taken for this user's own
      }
    }
  }
}
