package dev.temper.io;

/**
 * Reads the JSON of a safetensors header with a cursor. A header holds objects, arrays, strings and whole numbers only.
 *
 * <p>The caller names the expected element, and any other text throws an {@link IllegalArgumentException} with its
 * position. Nesting uses no recursion, so a hostile header cannot overflow the stack.
 */
final class JsonText {

  private final String text;
  private int position;

  JsonText(String text) {
    this.text = text;
  }

  /** Returns whether the next character after white space is {@code c}. The cursor stays before it. */
  boolean isNext(char c) {
    return peek() == c;
  }

  /** Moves past a character if it is the next one. */
  boolean accept(char c) {
    boolean next = isNext(c);
    if (next) {
      position++;
    }
    return next;
  }

  /** Moves past a character that must be the next one. */
  void expect(char c) {
    if (!accept(c)) {
      throw invalid("expected '" + c + "'");
    }
  }

  /**
   * Moves to the next member of an object or the next element of an array. The cursor passes the comma before it.
   *
   * @param first whether no member or element has been read yet
   * @param close closing bracket, which the cursor passes at the end
   * @return whether another member or element follows
   */
  boolean next(boolean first, char close) {
    if (first) {
      return !accept(close);
    }
    if (accept(close)) {
      return false;
    }
    expect(',');
    return true;
  }

  /** Reads the name of a member and the colon after it. */
  String name() {
    String name = string();
    expect(':');
    return name;
  }

  /** Reads a string and removes its quotes and escapes. */
  String string() {
    expect('"');
    int begin = position;
    while (position < text.length() && isPlain(text.charAt(position))) {
      position++;
    }
    if (position < text.length() && text.charAt(position) == '"') {
      return text.substring(begin, position++);
    }
    StringBuilder value = new StringBuilder().append(text, begin, position);
    while (true) {
      char c = take();
      if (c == '"') {
        return requirePairs(value.toString());
      }
      if (c < ' ') {
        throw invalid("control character in a string");
      }
      value.append(c == '\\' ? escape() : c);
    }
  }

  /** Checks that surrogates occur in pairs. A file name, a message and UTF-8 text cannot hold half of a pair. */
  private String requirePairs(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (Character.charCount(value.codePointAt(i)) == 2) {
        i++;
      } else if (Character.isSurrogate(value.charAt(i))) {
        throw invalid("string with half a surrogate pair");
      }
    }
    return value;
  }

  private char escape() {
    char c = take();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          char hex = take();
          int digit = hex < 128 ? Character.digit(hex, 16) : -1;
          if (digit < 0) {
            throw invalid("\\u without four hexadecimal digits");
          }
          code = code << 4 | digit;
        }
        yield (char) code;
      }
      default -> throw invalid("unknown escape " + Quoted.of("\\" + c));
    };
  }

  /**
   * Reads a whole number.
   *
   * @param otherwise message for a value of another kind
   */
  long wholeNumber(String otherwise) {
    char first = peek();
    if (first != '-' && !isDigit(first)) {
      throw new IllegalArgumentException(otherwise);
    }
    int begin = position;
    position++;
    while (position < text.length() && isDigit(text.charAt(position))) {
      position++;
    }
    if (position < text.length() && ".eE".indexOf(text.charAt(position)) >= 0) {
      throw new IllegalArgumentException(otherwise);
    }
    int digits = first == '-' ? begin + 1 : begin;
    if (position == digits || (text.charAt(digits) == '0' && position > digits + 1)) {
      throw invalid("number without digits, or with a zero before them");
    }
    try {
      return Long.parseLong(text, begin, position, 10);
    } catch (NumberFormatException e) {
      throw invalid("number beyond 64 bits");
    }
  }

  /** Returns whether only white space follows. */
  boolean isAtEnd() {
    skipSpace();
    return position == text.length();
  }

  IllegalArgumentException invalid(String fault) {
    return new IllegalArgumentException("header is not valid JSON at character " + position + ": " + fault);
  }

  private char peek() {
    skipSpace();
    if (position == text.length()) {
      throw invalid("the header ends too early");
    }
    return text.charAt(position);
  }

  private char take() {
    if (position == text.length()) {
      throw invalid("the header ends too early");
    }
    return text.charAt(position++);
  }

  private void skipSpace() {
    while (position < text.length() && " \t\n\r".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
  }

  private static boolean isPlain(char c) {
    return c != '"' && c != '\\' && c >= ' ';
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
