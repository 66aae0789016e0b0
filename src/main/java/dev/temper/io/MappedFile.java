package dev.temper.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Maps a whole file read-only until it is closed.
 *
 * <p>Hazard: another process can shorten the file while it is mapped. A Java read beyond the new end throws an {@link
 * InternalError}, which {@link #shortened} converts to a message. A native read beyond the new end ends the process.
 */
public record MappedFile(Arena arena, MemorySegment bytes) implements AutoCloseable {

  /**
   * Maps a file.
   *
   * @throws IllegalArgumentException if the path is a folder, a pipe or a device; opening a pipe would wait for a
   *     writer
   * @throws IOException if the file cannot be read
   */
  public static MappedFile open(Path path) throws IOException {
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new IllegalArgumentException("is not a regular file");
    }
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return new MappedFile(arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Returns the exception for a read beyond the present end of a mapped file. */
  public static IOException shortened(Path path, InternalError cause) {
    return new IOException(
        path + ": became shorter while it was read; write the file under another name, then move it here", cause);
  }

  @Override
  public void close() {
    arena.close();
  }
}
