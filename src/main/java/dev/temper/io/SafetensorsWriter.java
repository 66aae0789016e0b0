package dev.temper.io;

import dev.temper.internal.AtomicFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes tensors to a safetensors file, whole or not at all, without a second copy of them in memory. */
public final class SafetensorsWriter {

  private static final int CHUNK_BYTES = 1 << 20;
  private static final String METADATA = "__metadata__";

  private SafetensorsWriter() {}

  /** Writes a file without metadata, as {@link #write(Path, Map, List)} does. */
  public static void write(Path file, List<Tensor> tensors) throws IOException {
    write(file, Map.of(), tensors);
  }

  /**
   * Writes a file.
   *
   * @param metadata entries of the header's metadata; an empty map writes no metadata
   * @throws IllegalArgumentException if two tensors have one name, or one has the name that the format reserves for
   *     metadata
   * @throws IOException if the file cannot be written; the message is one sentence that names it
   */
  public static void write(Path file, Map<String, String> metadata, List<Tensor> tensors) throws IOException {
    requireNames(tensors);
    // Tensors with the widest elements come first, so that every tensor is aligned to its element size.
    List<Tensor> ordered = tensors.stream()
        .sorted(Comparator.comparingInt((Tensor tensor) -> -tensor.dtype().bytes()).thenComparing(Tensor::name))
        .toList();
    ByteBuffer header = header(metadata, ordered);
    AtomicFile.write(file, channel -> {
      writeFully(channel, header);
      ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
      for (Tensor tensor : ordered) {
        writeData(channel, tensor.data(), chunk);
      }
    });
  }

  private static void requireNames(List<Tensor> tensors) {
    Set<String> names = new HashSet<>();
    for (Tensor tensor : tensors) {
      if (tensor.name().equals(METADATA)) {
        throw new IllegalArgumentException(
            "a tensor cannot have the name " + METADATA + ", which the format reserves for metadata");
      }
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException(
            "two tensors have the name " + Quoted.of(tensor.name()) + ", expected different names");
      }
    }
  }

  /** Returns the length and the JSON of the header, padded with spaces so that the data begins at a multiple of 8. */
  private static ByteBuffer header(Map<String, String> metadata, List<Tensor> tensors) {
    List<String> members = new ArrayList<>();
    if (!metadata.isEmpty()) {
      members.add("\"" + METADATA + "\":" + metadata.entrySet().stream()
          .map(entry -> string(entry.getKey()) + ":" + string(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}")));
    }
    long begin = 0;
    for (Tensor tensor : tensors) {
      long end = begin + tensor.data().byteSize();
      members.add(string(tensor.name()) + ":{\"dtype\":\"" + tensor.dtype() + "\",\"shape\":" + tensor.shape()
          + ",\"data_offsets\":[" + begin + "," + end + "]}");
      begin = end;
    }
    byte[] text = ("{" + String.join(",", members) + "}").getBytes(StandardCharsets.UTF_8);
    int length = Math.ceilDiv(text.length, Long.BYTES) * Long.BYTES;
    byte[] padded = Arrays.copyOf(text, length);
    Arrays.fill(padded, text.length, length, (byte) ' ');
    return ByteBuffer.allocate(SafetensorsFile.LENGTH_BYTES + length).order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length).put(padded).flip();
  }

  /** Returns a JSON string with its quotes. */
  private static String string(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    return json.append('"').toString();
  }

  private static void writeData(FileChannel channel, MemorySegment data, ByteBuffer chunk) throws IOException {
    MemorySegment staging = MemorySegment.ofBuffer(chunk.clear());
    for (long offset = 0; offset < data.byteSize(); offset += CHUNK_BYTES) {
      long bytes = Math.min(CHUNK_BYTES, data.byteSize() - offset);
      MemorySegment.copy(data, offset, staging, 0, bytes);
      writeFully(channel, chunk.clear().limit((int) bytes));
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
