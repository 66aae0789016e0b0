package dev.temper.tools.files;

import dev.temper.io.Tensor;
import dev.temper.io.TensorFault;
import dev.temper.io.TensorFile;
import dev.temper.io.TensorInfo;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A .npz file as NumPy's {@code savez} and {@code savez_compressed} write it: a zip archive of .npy files. A tensor is
 * unpacked into native memory when it is asked for.
 */
public final class NpzFile implements TensorFile {

  private static final String SUFFIX = ".npy";

  /** No deflated byte stands for more than this many; a shape that claims more is not worth an allocation. */
  private static final long MAX_EXPANSION = 1032;

  private static final int ALIGNMENT = 64;
  private static final int CHUNK_BYTES = 1 << 16;

  private final Path path;
  private final ZipFile zip;
  private final Arena arena = Arena.ofShared();
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

  private NpzFile(Path path, ZipFile zip) {
    this.path = path;
    this.zip = zip;
  }

  /**
   * Opens an archive and checks the header of each .npy file in it.
   *
   * @throws IllegalArgumentException if archive or a header breaks its format, with the file's name and the cause
   * @throws IOException if the file cannot be read
   */
  public static NpzFile open(Path path) throws IOException {
    ZipFile zip;
    try {
      zip = new ZipFile(path.toFile());
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw new IllegalArgumentException(path + ": no valid .npz (zip) file: " + TensorFault.cause(e), e);
    }
    NpzFile file = new NpzFile(path, zip);
    try {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        file.list(entry);
      }
      return file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private void list(ZipEntry entry) throws IOException {
    if (!entry.getName().endsWith(SUFFIX)) {
      return;
    }
    String name = entry.getName().substring(0, entry.getName().length() - SUFFIX.length());
    try (InputStream in = new BufferedInputStream(zip.getInputStream(entry))) {
      NpyHeader header = NpyHeader.read(name, in);
      if (tensors.put(name, header.info()) != null) {
        throw new IllegalArgumentException("appears twice");
      }
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw TensorFault.in(path, name, e);
    }
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    TensorInfo info = info(name);
    ZipEntry entry = zip.getEntry(name + SUFFIX);
    CRC32 checksum = new CRC32();
    try (InputStream in = new CheckedInputStream(zip.getInputStream(entry), checksum)) {
      NpyHeader header = NpyHeader.read(name, in);
      long bytes = header.dataBytes();
      requireSize(entry, header, bytes);
      MemorySegment data = arena.allocate(bytes, ALIGNMENT);
      fill(data, in);
      if (in.read() >= 0) {
        throw new IllegalArgumentException("goes on after its last element");
      }
      if (checksum.getValue() != entry.getCrc()) {
        throw new IllegalArgumentException("does not match its checksum");
      }
      return new Tensor(name, info.usableDType(), info.shape(), data);
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw TensorFault.in(path, name, e);
    }
  }

  /** Before anything is allocated: archive and header must agree on the size, and the packed bytes must be able to hold it. */
  private static void requireSize(ZipEntry entry, NpyHeader header, long bytes) {
    long unpacked = bytes + header.byteSize();
    if (entry.getSize() != unpacked) {
      throw new IllegalArgumentException("is " + header.info().describe() + ", which takes " + unpacked
          + " bytes with its header, but the archive holds " + entry.getSize());
    }
    if (entry.getCompressedSize() < unpacked / MAX_EXPANSION) {
      throw new IllegalArgumentException("claims " + unpacked + " bytes, more than its " + entry.getCompressedSize()
          + " packed bytes can hold");
    }
  }

  private static void fill(MemorySegment data, InputStream in) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    long offset = 0;
    while (offset < data.byteSize()) {
      int read = in.read(chunk, 0, (int) Math.min(CHUNK_BYTES, data.byteSize() - offset));
      if (read < 0) {
        throw new IllegalArgumentException("ends after " + offset + " of " + data.byteSize() + " bytes; the file is truncated");
      }
      MemorySegment.copy(MemorySegment.ofArray(chunk), 0, data, offset, read);
      offset += read;
    }
  }

  @Override
  public void close() throws IOException {
    arena.close();
    zip.close();
  }
}
