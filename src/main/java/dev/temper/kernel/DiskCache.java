package dev.temper.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Compiled kernels on disk, named by what they were made from. Safe for several processes: entries appear whole by an atomic
 * move, carry their own checksum, and are never changed; a reader that meets a deleted entry sees a miss.
 *
 * <p>A directory that cannot be written turns the cache off instead of failing: then every read misses and {@link #describe()}
 * says why.
 */
public final class DiskCache {

  /** With its line table a cubin takes 50 to 300 KiB: this keeps some hundreds of them. */
  public static final long DEFAULT_LIMIT = 128L << 20;

  private static final String SUFFIX = ".kernel";
  private static final int CHECKSUM_BYTES = 32;
  private static final Duration ABANDONED = Duration.ofHours(1);

  private final Path directory;
  private final long limit;
  private final Optional<String> off;

  private DiskCache(Path directory, long limit, Optional<String> off) {
    this.directory = directory;
    this.limit = limit;
    this.off = off;
  }

  /**
   * Opens a cache; never fails.
   *
   * @param directory created with mode 0700 if it is not there
   * @param limit bytes that the entries may take together; the least recently used go first
   */
  public static DiskCache open(Path directory, long limit) {
    try {
      CacheDirectory.prepare(directory);
      return new DiskCache(directory, limit, Optional.empty());
    } catch (IOException | UnsupportedOperationException | SecurityException e) {
      return new DiskCache(directory, limit, Optional.of(e.toString()));
    }
  }

  /** Whether entries are kept. */
  public boolean isOn() {
    return off.isEmpty();
  }

  /** Where files that belong to the cache can be put. */
  public Path directory() {
    return directory;
  }

  /** Directory and size, or why nothing is kept, in one sentence. */
  public String describe() {
    if (off.isPresent()) {
      return "cache off: " + off.get();
    }
    List<Entry> entries = entries(SUFFIX);
    long bytes = entries.stream().mapToLong(Entry::bytes).sum();
    return "cache " + directory + ": " + entries.size() + " entries, " + (bytes + 1023) / 1024 + " KiB of " + limit / 1024 + " KiB";
  }

  /** The entry of that key, unless there is none or it is damaged; a damaged one is deleted. */
  public Optional<byte[]> read(CacheKey key) {
    if (off.isPresent()) {
      return Optional.empty();
    }
    Path file = file(key);
    try {
      byte[] stored = Files.readAllBytes(file);
      byte[] content = Arrays.copyOfRange(stored, Math.min(CHECKSUM_BYTES, stored.length), stored.length);
      if (!Arrays.equals(checksum(content), 0, CHECKSUM_BYTES, stored, 0, Math.min(CHECKSUM_BYTES, stored.length))) {
        delete(key);
        return Optional.empty();
      }
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
      return Optional.of(content);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Keeps an entry, as far as the disk allows, and makes room if the limit is passed. */
  public void write(CacheKey key, byte[] content) {
    if (off.isPresent()) {
      return;
    }
    try {
      Path temporary = Files.createTempFile(directory, key.hex(), ".tmp");
      try {
        byte[] stored = Arrays.copyOf(checksum(content), CHECKSUM_BYTES + content.length);
        System.arraycopy(content, 0, stored, CHECKSUM_BYTES, content.length);
        Files.write(temporary, stored);
        Files.move(temporary, file(key), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
      makeRoom();
    } catch (IOException e) {
      // A full disk costs the next start a compilation, nothing else.
    }
  }

  /** Removes an entry, such as one that the driver refused to load. */
  public void delete(CacheKey key) {
    deleteFile(file(key));
  }

  private Path file(CacheKey key) {
    return directory.resolve(key.hex() + SUFFIX);
  }

  private void makeRoom() {
    Instant abandoned = Instant.now().minus(ABANDONED);
    entries(".tmp").stream().filter(entry -> entry.used().isBefore(abandoned)).forEach(entry -> deleteFile(entry.file()));
    List<Entry> oldestFirst = new ArrayList<>(entries(SUFFIX));
    oldestFirst.sort(Comparator.comparing(Entry::used));
    long bytes = oldestFirst.stream().mapToLong(Entry::bytes).sum();
    for (Entry entry : oldestFirst) {
      if (bytes <= limit) {
        return;
      }
      deleteFile(entry.file());
      bytes -= entry.bytes();
    }
  }

  private List<Entry> entries(String suffix) {
    List<Entry> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + suffix)) {
      for (Path file : files) {
        add(file, found);
      }
    } catch (IOException | UncheckedIOException e) {
      return found;
    }
    return found;
  }

  private static void add(Path file, List<Entry> found) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      found.add(new Entry(file, attributes.size(), attributes.lastModifiedTime().toInstant()));
    } catch (IOException e) {
      // Another process has deleted it meanwhile.
    }
  }

  private static void deleteFile(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // It stays, and is overwritten by the next write of that key.
    }
  }

  private static byte[] checksum(byte[] content) {
    return CacheKey.sha256().digest(content);
  }

  private record Entry(Path file, long bytes, Instant used) {}
}
