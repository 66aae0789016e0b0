package dev.temper.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Safetensors files as the format describes them, byte by byte. */
public final class SafetensorsBytes {

  private SafetensorsBytes() {}

  /** Header length, header, data. */
  public static byte[] file(String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length).put(text).put(data).array();
  }
}
