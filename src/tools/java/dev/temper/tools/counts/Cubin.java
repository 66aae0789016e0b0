package dev.temper.tools.counts;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The machine code in a cubin, a 64-bit ELF file. */
final class Cubin {

  private static final int SECTION_HEADERS = 0x28;
  private static final int HEADER_BYTES = 0x3a;
  private static final int HEADER_COUNT = 0x3c;
  private static final int NAMES_INDEX = 0x3e;

  private final ByteBuffer file;

  Cubin(byte[] bytes) {
    file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * The code of a kernel.
   *
   * @throws IllegalArgumentException if there is no kernel of that name
   */
  byte[] code(String entry) {
    int names = offset(header(file.getShort(NAMES_INDEX)));
    for (int i = 0; i < file.getShort(HEADER_COUNT); i++) {
      int header = header(i);
      if (text(names + file.getInt(header)).equals(".text." + entry)) {
        int begin = offset(header);
        return Arrays.copyOfRange(file.array(), begin, begin + Math.toIntExact(file.getLong(header + 0x20)));
      }
    }
    throw new IllegalArgumentException("the cubin has no code of " + entry);
  }

  private int header(int index) {
    return Math.toIntExact(file.getLong(SECTION_HEADERS)) + index * file.getShort(HEADER_BYTES);
  }

  private int offset(int header) {
    return Math.toIntExact(file.getLong(header + 0x18));
  }

  private String text(int begin) {
    int end = begin;
    while (file.get(end) != 0) {
      end++;
    }
    return new String(file.array(), begin, end - begin, StandardCharsets.US_ASCII);
  }
}
