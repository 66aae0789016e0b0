package dev.temper.tools.files;

import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The beginning of a .npy file: magic number, version, length, and a Python dictionary with element type, order and
 * shape.
 *
 * @param info name, element type as NumPy spells it, and shape
 * @param fortranOrder whether the first index runs fastest
 * @param byteSize bytes before the first element
 */
record NpyHeader(TensorInfo info, boolean fortranOrder, int byteSize) {

  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Longest dictionary in bytes. NumPy reads at most 10,000 by default; longer headers describe structured arrays. */
  private static final int MAX_TEXT_BYTES = 1 << 16;

  /**
   * Reads a header, of version 1, 2 or 3.
   *
   * @throws IllegalArgumentException if the header is invalid; the message has the cause but not the file's name
   */
  static NpyHeader read(String name, InputStream in) throws IOException {
    byte[] start = in.readNBytes(MAGIC.length + 2);
    if (start.length < MAGIC.length + 2 || !startsWithMagic(start)) {
      throw new IllegalArgumentException("does not begin as a .npy file does");
    }
    int version = start[MAGIC.length];
    if (version < 1 || version > 3 || start[MAGIC.length + 1] != 0) {
      throw new IllegalArgumentException(
          ".npy version is " + version + "." + start[MAGIC.length + 1] + ", expected 1.0, 2.0 or 3.0");
    }
    int lengthBytes = version == 1 ? 2 : 4;
    byte[] lengthField = in.readNBytes(lengthBytes);
    long length = 0;
    for (int i = lengthField.length - 1; i >= 0; i--) {
      length = length << 8 | (lengthField[i] & 0xff);
    }
    if (lengthField.length < lengthBytes || length > MAX_TEXT_BYTES) {
      throw new IllegalArgumentException(".npy header of " + length + " bytes, expected at most " + MAX_TEXT_BYTES);
    }
    byte[] text = in.readNBytes((int) length);
    if (text.length < length) {
      throw new IllegalArgumentException(
          ".npy header of " + length + " bytes, but only " + text.length + " follow; the file is truncated");
    }
    String dictionary = new String(text, version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    return new NpyDictionary(dictionary).header(name, start.length + lengthBytes + text.length);
  }

  private static boolean startsWithMagic(byte[] start) {
    return Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  /**
   * Bytes of the elements.
   *
   * @throws IllegalArgumentException if the type is not supported, or the size is beyond 2^63
   */
  long dataBytes() {
    int elementBytes = StoredType.of(info).bytes();
    if (info.elements() > Long.MAX_VALUE / elementBytes - byteSize) {
      throw new IllegalArgumentException("is " + info.describe() + ", which is beyond 2^63 bytes");
    }
    return info.elements() * elementBytes;
  }
}
