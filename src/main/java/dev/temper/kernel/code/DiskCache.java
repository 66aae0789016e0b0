package dev.temper.kernel.code;

import dev.temper.internal.TemporaryFiles;
import dev.temper.internal.TrustedFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A cache of compiled kernels on disk. Several processes may share it. An entry is moved into place atomically, holds
 * its checksum and its key, and never changes. An entry that another process deletes is a miss.
 *
 * <p>If the directory cannot be written or trusted, the cache is off: every read is a miss, {@link #describe()} gives
 * the reason, and the reason is logged once. A damaged or untrusted entry is a miss and is removed, and so is a folder
 * or link in the place of an entry.
 */
public final class DiskCache {

  /** Default limit in bytes, room for some hundreds of cubins of 50 to 300 KiB each. */
  public static final long DEFAULT_LIMIT = 128L << 20;

  private static final String SUFFIX = ".kernel";
  private static final String TEMPORARY = ".tmp";
  private static final Duration ABANDONED = Duration.ofHours(1);
  /** Messages that this process has logged. */
  private static final Set<String> NOTES = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final long limit;
  private final Optional<String> off;

  private DiskCache(Path directory, long limit, Optional<String> off) {
    this.directory = directory;
    this.limit = limit;
    this.off = off;
  }

  /**
   * Opens a cache. The call never fails.
   *
   * @param directory directory of the cache, which is created with mode 0700 if it does not exist
   * @param limit bytes of all entries; the least recently used entries are evicted first
   */
  public static DiskCache open(Path directory, long limit) {
    try {
      CacheDirectory.prepare(directory);
      return new DiskCache(directory, limit, Optional.empty());
    } catch (IOException | UnsupportedOperationException | SecurityException e) {
      String reason = e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
      note("compiled kernels are not kept on disk: " + reason + "; each process compiles them again. System property "
          + CacheDirectory.PROPERTY + " names another directory.");
      return new DiskCache(directory, limit, Optional.of(reason));
    }
  }

  /** Returns whether the cache keeps entries. */
  public boolean isOn() {
    return off.isEmpty();
  }

  /** The folder for files that belong to the cache. */
  public Path directory() {
    return directory;
  }

  /** Returns the directory and the size, or "off" and the reason. */
  public String describe() {
    if (off.isPresent()) {
      return "off: " + off.get();
    }
    List<Entry> entries = entries(SUFFIX);
    long kibibytes = (entries.stream().mapToLong(Entry::bytes).sum() + 1023) / 1024;
    return directory + ": " + entries.size() + " entries, " + kibibytes + " of " + limit / 1024 + " KiB";
  }

  /** Returns the entry of a key. A damaged entry is removed, and the result is empty. */
  public Optional<byte[]> read(CacheKey key) {
    if (off.isPresent()) {
      return Optional.empty();
    }
    Path file = file(key);
    try {
      String objection = TrustedFiles.objectionToFile(file);
      if (!objection.isEmpty()) {
        note("cache entry " + file + " " + objection + ": it is not used, and is made again");
        remove(file);
        return Optional.empty();
      }
      byte[] stored = bytes(file);
      if (!StoredEntry.isWhole(stored)) {
        remove(file);
        return Optional.empty();
      }
      Optional<byte[]> content = StoredEntry.content(stored, key.bytes());
      if (content.isPresent()) {
        // If the time of use cannot be set, the entry is evicted earlier.
        boolean _ = file.toFile().setLastModified(System.currentTimeMillis());
      }
      return content;
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Stores an entry, and evicts others if the limit is exceeded. A full disk stores nothing. */
  public void write(CacheKey key, byte[] content) {
    if (off.isPresent()) {
      return;
    }
    try {
      Path temporary = Files.createTempFile(directory, TemporaryFiles.prefix(), TEMPORARY);
      try {
        Files.write(temporary, StoredEntry.of(key.bytes(), content));
        replace(temporary, file(key));
      } finally {
        Files.deleteIfExists(temporary);
      }
      makeRoom(file(key));
    } catch (IOException e) {
      // A full disk only costs the next start a compilation.
    }
  }

  /** Removes an entry, such as code that the driver rejected. */
  public void delete(CacheKey key) {
    if (off.isEmpty()) {
      remove(file(key));
    }
  }

  private Path file(CacheKey key) {
    return directory.resolve(key.name() + SUFFIX);
  }

  /** Returns the bytes of an entry, or no bytes if the file is too large for an entry. */
  private byte[] bytes(Path file) throws IOException {
    long size = Files.size(file);
    if (size > limit) {
      return new byte[0];
    }
    try (InputStream in = Files.newInputStream(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      return in.readNBytes((int) Math.min(size, Integer.MAX_VALUE));
    }
  }

  private static void replace(Path temporary, Path file) throws IOException {
    if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
      remove(file);  // a file cannot be moved onto a folder
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Evicts the least recently used entries until the limit holds. Hazard: file systems and Java read different clocks,
   * so the entry that was just written can seem older than all others. It is therefore never evicted here.
   */
  private void makeRoom(Path written) {
    TemporaryFiles.removeAbandoned(directory);
    // Only the age distinguishes temporary files of other machines and containers from abandoned files.
    Instant abandoned = Instant.now().minus(ABANDONED);
    entries(TEMPORARY).stream().filter(entry -> entry.used().isBefore(abandoned))
        .forEach(entry -> remove(entry.file()));
    List<Entry> oldestFirst = new ArrayList<>(entries(SUFFIX));
    oldestFirst.sort(Comparator.comparing(Entry::used));
    long bytes = oldestFirst.stream().mapToLong(Entry::bytes).sum();
    for (Entry entry : oldestFirst) {
      if (bytes > limit && !entry.file().equals(written)) {
        remove(entry.file());
        bytes -= entry.bytes();
      }
    }
  }

  private List<Entry> entries(String suffix) {
    List<Entry> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + suffix)) {
      for (Path file : files) {
        add(file, found);
      }
    } catch (IOException | RuntimeException e) {
      return found;
    }
    return found;
  }

  private static void add(Path file, List<Entry> found) {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      found.add(new Entry(file, attributes.size(), attributes.lastModifiedTime().toInstant()));
    } catch (IOException e) {
      // Another process has deleted the entry meanwhile.
    }
  }

  private static void remove(Path file) {
    try {
      TemporaryFiles.delete(file);
    } catch (IOException e) {
      // The file stays until the next write of that key replaces it.
    }
  }

  private static void note(String sentence) {
    if (NOTES.add(sentence)) {
      System.getLogger("dev.temper").log(System.Logger.Level.WARNING, sentence);
    }
  }

  private record Entry(Path file, long bytes, Instant used) {}
}
