package dev.temper.kernel.tune;

import dev.temper.internal.AtomicFile;
import dev.temper.internal.TemporaryFiles;
import dev.temper.internal.TrustedFiles;
import dev.temper.kernel.code.CacheDirectory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The file of tuned plans for all devices of a user. A new file is moved into place atomically. A file of another user
 * is read too, because an engine uses only plans that fit its device: a bad plan makes launches slow, not wrong.
 *
 * <p>Hazard: two writers that read the same state would lose each other's plans. A lock file prevents it.
 *
 * @param path the file
 */
public record PlanFile(Path path) {

  /** System property with a file that replaces {@value #NAME} in the directory of compiled kernels. */
  public static final String PROPERTY = "temper.plans";

  /** The version of the format is part of the name, so that two versions of this library do not share a file. */
  private static final String NAME = "plans-1.tsv";

  private static final String LOCK = ".lock";
  private static final String NO_FILE = "is a folder or a special file, expected a regular file";
  private static final String REMOVAL = "remove it, or name another file with -D" + PROPERTY;
  private static final long MOST_BYTES = 4 << 20;
  /** A lock between the threads of this process, because a file lock belongs to the whole process. */
  private static final Object WRITING = new Object();

  /**
   * The content of a file.
   *
   * @param table the plans; empty if the file does not exist or is not used
   * @param objection why the file is not used, as the end of a sentence that begins with its path; empty if it is used
   * @param remedy what a user can do; empty if the file is used
   */
  record Content(PlanTable table, String objection, String remedy) {

    static Content of(PlanTable table) {
      return new Content(table, "", "");
    }

    private static Content replaceable(String objection) {
      return new Content(PlanTable.EMPTY, objection, "temper tune writes it anew");
    }
  }

  /** The file of this user. */
  public static PlanFile ofUser() {
    String named = System.getProperty(PROPERTY, "");
    return new PlanFile(named.isBlank() ? CacheDirectory.ofUser().resolve(NAME) : Path.of(named).toAbsolutePath());
  }

  /** Reads the file. The call never fails. */
  Content read() {
    try {
      if (isOccupied()) {
        return new Content(PlanTable.EMPTY, NO_FILE, REMOVAL);
      }
      if (Files.size(path) > MOST_BYTES) {
        return Content.replaceable("is larger than " + MOST_BYTES + " bytes");
      }
      return Content.of(PlanTable.parse(Files.readString(path)));
    } catch (NoSuchFileException e) {
      return Content.of(PlanTable.EMPTY);
    } catch (CharacterCodingException e) {
      return Content.replaceable("is damaged: it is not UTF-8 text");
    } catch (IOException | SecurityException e) {
      return Content.replaceable("cannot be read: " + e);
    } catch (IllegalArgumentException e) {
      return Content.replaceable("is damaged: " + e.getMessage());
    }
  }

  /**
   * Checks that plans can be stored, before a measurement of minutes begins.
   *
   * @throws IOException if the file cannot be written; the message names the file and the reason
   */
  public void requireWritable() throws IOException {
    locked(() -> Files.deleteIfExists(Files.createTempFile(folder(), TemporaryFiles.prefix(), ".tmp")));
  }

  /**
   * Adds a plan. It replaces an older one for the same calls on the same device, and a damaged file.
   *
   * @return the plan that was replaced
   * @throws IOException if the file cannot be written; the message names the file and the reason
   */
  Optional<TunedPlan> keep(TunedPlan plan) throws IOException {
    return locked(() -> {
      PlanTable before = read().table();
      AtomicFile.writeText(path, before.with(plan).text());
      return before.plans().stream().filter(older -> older.isReplacedBy(plan)).findFirst();
    });
  }

  private interface Writing<T> {
    T run() throws IOException;
  }

  private <T> T locked(Writing<T> writing) throws IOException {
    if (isOccupied()) {
      throw new IOException("tuned plans cannot be kept in " + path + ", which " + NO_FILE + "; " + REMOVAL);
    }
    synchronized (WRITING) {
      try {
        if (!Files.isDirectory(folder())) {
          TrustedFiles.createFolder(folder());
        }
        Path lock = path.resolveSibling(path.getFileName() + LOCK);
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock _ = channel.lock()) {
          return writing.run();
        }
      } catch (IOException e) {
        throw new IOException("tuned plans cannot be kept in " + path + ": " + e, e);
      }
    }
  }

  /** Whether the path names something other than a regular file, such as a folder, which a file cannot replace. */
  private boolean isOccupied() {
    return Files.exists(path) && !Files.isRegularFile(path);
  }

  private Path folder() {
    return path.resolveSibling("").toAbsolutePath();
  }
}
