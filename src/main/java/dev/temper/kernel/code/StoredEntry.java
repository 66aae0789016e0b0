package dev.temper.kernel.code;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/** The bytes of a cache entry: a checksum of all following bytes, the length of the key, the key, the content. */
final class StoredEntry {

  private static final int HEADER_BYTES = 2 * Integer.BYTES;

  private StoredEntry() {}

  static byte[] of(byte[] key, byte[] content) {
    ByteBuffer entry = ByteBuffer.allocate(HEADER_BYTES + key.length + content.length);
    entry.position(Integer.BYTES).putInt(key.length).put(key).put(content);
    return entry.putInt(0, checksum(entry.array())).array();
  }

  /** Returns whether the bytes are a complete entry: the checksum is right, and the length of the key is possible. */
  static boolean isWhole(byte[] stored) {
    return stored.length >= HEADER_BYTES && ByteBuffer.wrap(stored).getInt() == checksum(stored)
        && keyLength(stored) >= 0 && keyLength(stored) <= stored.length - HEADER_BYTES;
  }

  /** Returns the content of a complete entry, or empty if the entry has another key. */
  static Optional<byte[]> content(byte[] stored, byte[] key) {
    int content = HEADER_BYTES + keyLength(stored);
    return Arrays.equals(stored, HEADER_BYTES, content, key, 0, key.length)
        ? Optional.of(Arrays.copyOfRange(stored, content, stored.length))
        : Optional.empty();
  }

  private static int keyLength(byte[] stored) {
    return ByteBuffer.wrap(stored).getInt(Integer.BYTES);
  }

  private static int checksum(byte[] stored) {
    CRC32C checksum = new CRC32C();
    checksum.update(stored, Integer.BYTES, stored.length - Integer.BYTES);
    return (int) checksum.getValue();
  }
}
