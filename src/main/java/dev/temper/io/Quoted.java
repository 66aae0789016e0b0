package dev.temper.io;

/** Text from a file in the form that messages show: between quotes, without control characters, of limited length. */
public final class Quoted {

  private static final int LONGEST = 100;

  private Quoted() {}

  /**
   * The text between quotes; characters that a terminal does not show are escaped, those beyond the first 100 are left
   * out.
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
