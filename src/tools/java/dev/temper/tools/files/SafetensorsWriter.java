package dev.temper.tools.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.io.Quoted;
import dev.temper.io.SafetensorsFile;
import dev.temper.io.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Writes tensors to a safetensors file, whole or not at all, without a second copy of them in memory. */
public final class SafetensorsWriter {

  private static final int CHUNK_BYTES = 1 << 20;

  private SafetensorsWriter() {}

  /**
   * Writes a file.
   *
   * @throws IllegalArgumentException if two tensors have one name, or one has the name that the format keeps for itself
   * @throws IOException as for {@link AtomicFile#write(Path, AtomicFile.Body)}
   */
  public static void write(Path file, List<Tensor> tensors) throws IOException {
    requireNames(tensors);
    // Widest elements first: then every tensor is aligned to its own element size.
    List<Tensor> ordered = tensors.stream()
        .sorted(Comparator.comparingInt((Tensor tensor) -> -tensor.dtype().bytes()).thenComparing(Tensor::name))
        .toList();
    ByteBuffer header = header(ordered);
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
      if (tensor.name().equals("__metadata__")) {
        throw new IllegalArgumentException(
            "a tensor cannot have the name __metadata__, which the format keeps for itself");
      }
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException(
            "two tensors have the name " + Quoted.of(tensor.name()) + ", expected different names");
      }
    }
  }

  /** Length and JSON, padded with spaces so that the data begins at a multiple of 8. */
  private static ByteBuffer header(List<Tensor> tensors) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      long begin = 0;
      for (Tensor tensor : tensors) {
        long end = begin + tensor.data().byteSize();
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", tensor.dtype().name());
        json.writeArrayFieldStart("shape");
        for (long size : tensor.shape()) {
          json.writeNumber(size);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(begin);
        json.writeNumber(end);
        json.writeEndArray();
        json.writeEndObject();
        begin = end;
      }
      json.writeEndObject();
    }
    while (text.size() % Long.BYTES != 0) {
      text.write(' ');
    }
    return ByteBuffer.allocate(SafetensorsFile.LENGTH_BYTES + text.size())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.size())
        .put(text.toByteArray())
        .flip();
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
