package dev.temper.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Maps a safetensors file: 8 bytes of header length, the header in JSON, the bytes of the tensors. Tensors are views of
 * the file without a copy.
 *
 * <p>Hazard: another process can shorten the file while it is open. The reference engine then fails with a message, and
 * a native engine ends the process. Writers prevent this if they write under another name and then move the file.
 */
public final class SafetensorsFile implements TensorFile {

  /**
   * The greatest length of a header, which suffices for more than 100,000 tensors. A longer hostile header would need
   * several times its size in memory.
   */
  static final long MAX_HEADER_BYTES = 16 << 20;

  public static final int LENGTH_BYTES = 8;
  private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final MappedFile file;
  private final MemorySegment data;
  private final Map<String, SafetensorsHeader.TensorRange> entries;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata;

  private SafetensorsFile(
      Path path, MappedFile file, MemorySegment data, Map<String, SafetensorsHeader.TensorRange> entries,
      Map<String, String> metadata) {
    this.metadata = metadata;
    this.path = path;
    this.file = file;
    this.data = data;
    this.entries = entries;
    entries.forEach((name, entry) -> tensors.put(name, entry.info()));
  }

  /**
   * Maps a file and checks its header.
   *
   * @throws IllegalArgumentException if the header violates the format; the message names file and cause
   * @throws IOException if the file cannot be read
   */
  public static SafetensorsFile open(Path path) throws IOException {
    MappedFile file = map(path);
    try {
      long headerBytes = headerBytes(file.bytes());
      MemorySegment data = file.bytes().asSlice(LENGTH_BYTES + headerBytes);
      String header = decode(file.bytes().asSlice(LENGTH_BYTES, headerBytes));
      return new SafetensorsFile(path, file, data, SafetensorsHeader.parse(header, data.byteSize()),
          SafetensorsHeader.metadata(header));
    } catch (IllegalArgumentException e) {
      file.close();
      throw fault(path, e);
    } catch (InternalError e) {
      file.close();
      throw MappedFile.shortened(path, e);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static MappedFile map(Path path) throws IOException {
    try {
      return MappedFile.open(path);
    } catch (IllegalArgumentException e) {
      throw fault(path, e);
    }
  }

  private static IllegalArgumentException fault(Path path, IllegalArgumentException cause) {
    return new IllegalArgumentException(path + ": " + cause.getMessage(), cause);
  }

  private static long headerBytes(MemorySegment bytes) {
    if (bytes.byteSize() < LENGTH_BYTES) {
      throw new IllegalArgumentException("file of " + bytes.byteSize() + " bytes, expected at least the " + LENGTH_BYTES
          + " bytes of a safetensors header length; the file is truncated or of another kind");
    }
    long length = bytes.get(LENGTH, 0);
    if (length < 0 || length > MAX_HEADER_BYTES) {
      throw new IllegalArgumentException("header length is " + Long.toUnsignedString(length)
          + " bytes, expected at most " + MAX_HEADER_BYTES + "; this is not a safetensors file");
    }
    if (length > bytes.byteSize() - LENGTH_BYTES) {
      throw new IllegalArgumentException("header length is " + length + " bytes, but only "
          + (bytes.byteSize() - LENGTH_BYTES) + " follow; the file is truncated or of another kind");
    }
    return length;
  }

  private static String decode(MemorySegment header) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(header.asByteBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("header is not UTF-8; this is not a safetensors file", e);
    }
  }

  @Override
  public Path path() {
    return path;
  }

  /** Returns the metadata, which are empty if the file has none. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public Tensor tensor(String name) {
    TensorInfo info = info(name);
    try {
      return new Tensor(name, info.usableDType(), info.shape(), bytes(name));
    } catch (IllegalArgumentException e) {
      throw TensorFault.in(path, name, e);
    }
  }

  /**
   * Returns the bytes of one tensor of any element type. They are valid until this file is closed.
   *
   * @throws IllegalArgumentException if the file has no tensor of that name
   */
  public MemorySegment bytes(String name) {
    SafetensorsHeader.TensorRange entry = Objects.requireNonNull(entries.get(info(name).name()));
    return data.asSlice(entry.begin(), entry.end() - entry.begin());
  }

  @Override
  public void close() {
    file.close();
  }
}
