package dev.temper.kernel.code;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Compiled kernels on disk, named by what they were made from. Safe for several processes: entries appear whole by an atomic
 * move, carry their own checksum and their key, and are never changed; a reader that meets a deleted entry sees a miss.
 *
 * <p>A directory that cannot be written turns the cache off instead of failing: then every read misses and {@link #describe()}
 * says why.
 */
public final class DiskCache {

  /** With its line table a cubin takes 50 to 300 KiB: this keeps some hundreds of them. */
  public static final long DEFAULT_LIMIT = 128L << 20;

  private static final String SUFFIX = ".kernel";
  /** Checksum of what follows it, and length of the key. */
  private static final int HEADER_BYTES = 2 * Integer.BYTES;
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
      if (stored.length < HEADER_BYTES || ByteBuffer.wrap(stored).getInt() != checksum(stored)) {
        delete(key);
        return Optional.empty();
      }
      byte[] made = key.bytes();
      int content = HEADER_BYTES + ByteBuffer.wrap(stored).getInt(Integer.BYTES);
      if (!Arrays.equals(stored, HEADER_BYTES, content, made, 0, made.length)) {
        return Optional.empty();
      }
      boolean _ = file.toFile().setLastModified(System.currentTimeMillis());  // one that cannot be touched goes earlier
      return Optional.of(Arrays.copyOfRange(stored, content, stored.length));
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
      Path temporary = Files.createTempFile(directory, key.name(), ".tmp");
      try {
        Files.write(temporary, entry(key.bytes(), content));
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
    return directory.resolve(key.name() + SUFFIX);
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

  private static byte[] entry(byte[] key, byte[] content) {
    ByteBuffer entry = ByteBuffer.allocate(HEADER_BYTES + key.length + content.length);
    entry.position(Integer.BYTES).putInt(key.length).put(key).put(content);
    return entry.putInt(0, checksum(entry.array())).array();
  }

  private static int checksum(byte[] stored) {
    CRC32C checksum = new CRC32C();
    checksum.update(stored, Integer.BYTES, stored.length - Integer.BYTES);
    return (int) checksum.getValue();
  }

  private record Entry(Path file, long bytes, Instant used) {}
}
