package dev.temper.io;

/** Text from a file, fit for a message: between quotes, without control characters, not endless. */
public final class Quoted {

  private static final int LONGEST = 100;

  private Quoted() {}

  /** The text between quotes; characters that a terminal would not show are escaped, and what is beyond 100 left out. */
  public static String of(String text) {
    StringBuilder quoted = new StringBuilder("'");
    text.codePoints().limit(LONGEST).forEach(c -> {
      if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || Character.getType(c) == Character.SURROGATE) {
        quoted.append(String.format("\\u%04x", c));
      } else {
        quoted.appendCodePoint(c);
      }
    });
    return quoted.append(text.codePointCount(0, text.length()) > LONGEST ? "...'" : "'").toString();
  }
}
