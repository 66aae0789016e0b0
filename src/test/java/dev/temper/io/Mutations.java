package dev.temper.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Damages files in ways that break readers. The same seed gives the same damage. */
public final class Mutations {

  private static final String MARKS = "0123456789-.,:[]{}()\"'\\ eE";

  private static final List<String> NUMBERS = List.of(
      "-1", "0", "1", "2147483647", "2147483648", "4294967295", "4294967296", "4294967297", "4611686018427387904",
      "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e9", "00", "6.0", "0x10", "",
      "1,1,1,1,1,1,1,1");

  private static final long[] LENGTHS = {0, 1, -1, 0xff, 0xffff, 0x7fffffffL, 0x80000000L, 0xffffffffL, 0x100000000L,
      Long.MAX_VALUE, Long.MIN_VALUE, 16 << 20, (16 << 20) + 1};

  private static final Pattern NUMBER = Pattern.compile("\\d+");

  private Mutations() {}

  /**
   * Returns a file with one to three damages: it is cut or extended, or its bytes, bits, pieces or length fields are
   * changed.
   */
  public static byte[] mutate(byte[] valid, Random random) {
    byte[] bytes = valid.clone();
    for (int n = 1 + random.nextInt(3); n > 0 && bytes.length > 1; n--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(8)) {
        case 0 -> bytes = Arrays.copyOf(bytes, at);
        case 1 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(20));
        case 2 -> bytes[at] = (byte) random.nextInt(256);
        case 3 -> bytes[at] = (byte) MARKS.charAt(random.nextInt(MARKS.length()));
        case 4 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 5 -> move(bytes, at, random.nextInt(bytes.length));
        case 6 -> overwrite(bytes, at, random);
        default -> overwrite(bytes, random.nextInt(Math.min(16, bytes.length)), random);
      }
    }
    return bytes;
  }

  /**
   * Returns a header in which a number is replaced by one that breaks arithmetic. Sometimes its text is damaged as
   * well.
   */
  public static String mutate(String header, Random random) {
    Matcher numbers = NUMBER.matcher(header);
    int chosen = random.nextInt((int) NUMBER.matcher(header).results().count());
    StringBuilder mutated = new StringBuilder();
    for (int i = 0; numbers.find(); i++) {
      numbers.appendReplacement(mutated, i == chosen ? NUMBERS.get(random.nextInt(NUMBERS.size())) : numbers.group());
    }
    numbers.appendTail(mutated);
    if (random.nextInt(4) == 0) {
      mutated.setCharAt(random.nextInt(mutated.length()), MARKS.charAt(random.nextInt(MARKS.length())));
    }
    return mutated.toString();
  }

  /** Copies a short piece over another place. */
  private static void move(byte[] bytes, int from, int to) {
    System.arraycopy(bytes, from, bytes, to, Math.min(8, bytes.length - Math.max(from, to)));
  }

  /** Overwrites 2, 4 or 8 bytes with a number that breaks arithmetic, as far as the array reaches. */
  private static void overwrite(byte[] bytes, int at, Random random) {
    byte[] field = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN)
        .putLong(LENGTHS[random.nextInt(LENGTHS.length)]).array();
    int width = 2 << random.nextInt(3);
    System.arraycopy(field, 0, bytes, at, Math.min(width, bytes.length - at));
  }
}
