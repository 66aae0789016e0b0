package dev.temper.tools.files;

import dev.temper.io.Quoted;
import dev.temper.io.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the dictionary of a .npy header: exactly the keys descr, fortran_order and shape, as Python prints them. */
final class NpyDictionary {

  private final String text;
  private int position;

  NpyDictionary(String text) {
    this.text = text;
  }

  NpyHeader header(String name, int byteSize) {
    String dtype = null;
    Boolean fortranOrder = null;
    List<Long> shape = null;
    expect('{');
    while (!accept('}')) {
      String key = string();
      expect(':');
      switch (key) {
        case "descr" -> dtype = once(key, dtype, peek() == '[' ? records() : string());
        case "fortran_order" -> fortranOrder = once(key, fortranOrder, truth());
        case "shape" -> shape = once(key, shape, tuple());
        default -> throw wrong("unknown key " + Quoted.of(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!text.substring(position).isBlank()) {
      throw wrong("text after the closing '}'");
    }
    if (dtype == null || fortranOrder == null || shape == null) {
      throw wrong("one of the keys descr, fortran_order and shape is missing");
    }
    return new NpyHeader(new TensorInfo(name, dtype, shape), fortranOrder, byteSize);
  }

  private <V> V once(String key, @Nullable V before, V value) {
    if (before != null) {
      throw wrong("key " + key + " appears twice");
    }
    return value;
  }

  private String string() {
    char quote = peek();
    if (quote != '\'' && quote != '"') {
      throw wrong("expected a string");
    }
    int end = text.indexOf(quote, position + 1);
    if (end < 0) {
      throw wrong("string without an end");
    }
    String value = text.substring(position + 1, end);
    position = end + 1;
    return value;
  }

  /** Reads the type of a structured array as text, for the message that refuses the array. */
  private String records() {
    int end = text.lastIndexOf(']');
    if (end < position) {
      throw wrong("list without an end");
    }
    String value = text.substring(position, end + 1);
    position = end + 1;
    return value;
  }

  private boolean truth() {
    peek();
    for (boolean value : new boolean[] {false, true}) {
      String word = value ? "True" : "False";
      if (text.startsWith(word, position)) {
        position += word.length();
        return value;
      }
    }
    throw wrong("expected True or False");
  }

  private List<Long> tuple() {
    List<Long> sizes = new ArrayList<>();
    expect('(');
    while (!accept(')')) {
      sizes.add(size());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  private long size() {
    peek();
    int begin = position;
    while (position < text.length() && text.charAt(position) >= '0' && text.charAt(position) <= '9') {
      position++;
    }
    try {
      return Long.parseLong(text.substring(begin, position));
    } catch (NumberFormatException e) {
      throw wrong("expected a size from 0 to 2^63 - 1");
    }
  }

  private char peek() {
    while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
      position++;
    }
    if (position == text.length()) {
      throw wrong("it ends too early");
    }
    return text.charAt(position);
  }

  private boolean accept(char c) {
    if (peek() != c) {
      return false;
    }
    position++;
    return true;
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw wrong("expected '" + c + "'");
    }
  }

  private IllegalArgumentException wrong(String fault) {
    return new IllegalArgumentException(".npy header, character " + position + ": " + fault);
  }
}
