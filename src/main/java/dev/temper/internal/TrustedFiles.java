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
 * Decides whether code and results may be loaded from a file or folder of an earlier process. The file must belong to
 * this user, and no other user may be able to change it.
 *
 * <p>Hazard: code from a file of another user would run with the rights of this user. A link or a pipe in the place of
 * the file could also block the caller, so kind, owner and mode are read without following links.
 */
public final class TrustedFiles {

  private static final boolean HAS_OWNERS = FileSystems.getDefault().supportedFileAttributeViews().contains("unix");
  private static final Path PROCESS = Path.of("/proc/self");
  private static final int WRITABLE_BY_OTHERS = 0022;

  private TrustedFiles() {}

  /**
   * Returns the reason against the use of a file, or an empty string. The reason is the end of a sentence that begins
   * with the path.
   *
   * @throws IOException if the file does not exist
   */
  public static String objectionToFile(Path file) throws IOException {
    return objection(file, "isRegularFile", "file");
  }

  /** Returns the reason against the use of a folder in the form of {@link #objectionToFile}. */
  public static String objectionToFolder(Path folder) throws IOException {
    return objection(folder, "isDirectory", "folder");
  }

  /** Returns whether a file belongs to this user. The result is true if the file system has no owners. */
  public static boolean isOwn(Path file) throws IOException {
    return !HAS_OWNERS || OwnUser.NUMBER.equals(Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS));
  }

  /**
   * Creates a folder and its missing parents. Their mode is 0700 from the beginning, so no other user can enter them
   * before the mode is set.
   */
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

  /** Holds the number of this user. A user name would need a lookup, which may cross a network. */
  private static final class OwnUser {
    static final Object NUMBER = number();

    private static Object number() {
      try {
        if (Files.exists(PROCESS)) {
          return Files.getAttribute(PROCESS, "unix:uid");
        }
        // The owner of a new file is this user on systems other than Linux.
        Path probe = Files.createTempFile("temper", ".tmp");
        try {
          return Files.getAttribute(probe, "unix:uid");
        } finally {
          Files.delete(probe);
        }
      } catch (IOException e) {
        return "unknown"; // No file has this owner, so every file is refused.
      }
    }
  }
}
