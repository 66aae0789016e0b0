package dev.temper.tools.files;

import dev.temper.io.Tensor;
import dev.temper.io.TensorFault;
import dev.temper.io.TensorInfo;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A .npz file as NumPy's {@code savez} and {@code savez_compressed} write it: a zip archive of .npy files. A tensor is
 * unpacked into native memory by the first call that reads it.
 */
public final class NpzFile implements InputFile {

  private static final String SUFFIX = ".npy";

  /** The most files of an archive. The header of each file is read when the archive is opened. */
  private static final int MAX_FILES = 1 << 14;

  private static final int ALIGNMENT = 64;
  private static final int CHUNK_BYTES = 1 << 16;

  private final Path path;
  private final ZipFile zip;
  private final ReadLimits limits;
  private final Arena arena = Arena.ofShared();
  private final Conversions conversions;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, Tensor> unpacked = new HashMap<>();

  private NpzFile(Path path, ZipFile zip, ReadLimits limits) {
    this.path = path;
    this.zip = zip;
    this.limits = limits;
    conversions = new Conversions(path);
  }

  /**
   * Opens an archive and checks the header of each .npy file in it.
   *
   * @param limits limits of the unpacked size of an array
   * @throws IllegalArgumentException if archive or a header breaks its format, with the file's name and the cause
   * @throws IOException if the file cannot be read
   */
  public static NpzFile open(Path path, ReadLimits limits) throws IOException {
    ZipFile zip;
    try {
      zip = new ZipFile(path.toFile());
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw new IllegalArgumentException(path + ": not a valid .npz (zip) file: " + TensorFault.cause(e), e);
    }
    NpzFile file = new NpzFile(path, zip, limits);
    try {
      if (zip.size() > MAX_FILES) {
        throw new IllegalArgumentException(path + ": holds " + zip.size() + " files, expected at most " + MAX_FILES);
      }
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
    Tensor known = unpacked.get(name);
    if (known != null) {
      return known;
    }
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
      Tensor tensor = conversions.tensor(info, header.fortranOrder(), data);
      unpacked.put(name, tensor);
      return tensor;
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw TensorFault.in(path, name, e);
    }
  }

  /** Checks before an allocation that archive and header have the same size, and that the limits allow it. */
  private void requireSize(ZipEntry entry, NpyHeader header, long bytes) throws IOException {
    long unpacked = bytes + header.byteSize();
    if (entry.getSize() != unpacked) {
      throw new IllegalArgumentException("is " + header.info().describe() + ", which takes " + unpacked
          + " bytes with its header, but the archive holds " + entry.getSize());
    }
    // A hostile archive may also claim more packed bytes than it has.
    limits.check(Math.min(entry.getCompressedSize(), Files.size(path)), unpacked);
  }

  private static void fill(MemorySegment data, InputStream in) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    long offset = 0;
    while (offset < data.byteSize()) {
      int read = in.read(chunk, 0, (int) Math.min(CHUNK_BYTES, data.byteSize() - offset));
      if (read < 0) {
        throw new IllegalArgumentException(
            "ends after " + offset + " of " + data.byteSize() + " bytes; the file is truncated");
      }
      MemorySegment.copy(MemorySegment.ofArray(chunk), 0, data, offset, read);
      offset += read;
    }
  }

  @Override
  public List<String> conversions() {
    return conversions.phrases();
  }

  @Override
  public void close() throws IOException {
    conversions.close();
    arena.close();
    zip.close();
  }
}
