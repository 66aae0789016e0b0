package dev.temper.io;

/** Quotes text of a file for messages, without control characters and with limited length. */
public final class Quoted {

  private static final int LONGEST = 100;

  private Quoted() {}

  /**
   * Returns the text between quotes. Characters that a terminal does not show are escaped, and characters beyond the
   * first 100 are left out.
   */
  public static String of(String text) {
    StringBuilder quoted = new StringBuilder("'");
    text.codePoints().limit(LONGEST).forEach(c -> {
      int type = Character.getType(c);
      if (Character.isISOControl(c) || type == Character.FORMAT || type == Character.SURROGATE) {
        quoted.append(String.format("\\u%04x", c));
      } else {
        quoted.appendCodePoint(c);
      }
    });
    return quoted.append(text.codePointCount(0, text.length()) > LONGEST ? "...'" : "'").toString();
  }
}
