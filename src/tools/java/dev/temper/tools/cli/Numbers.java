package dev.temper.tools.cli;

import picocli.CommandLine.TypeConversionException;

/** Reads the numbers of options. The messages have no names of Java types. */
final class Numbers {

  private Numbers() {}

  static Double real(String text) {
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + text + "' is not a number, expected one such as 2 or 0.5");
    }
  }

  static Integer integer(String text) {
    try {
      return Integer.valueOf(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + text + "' is not a whole number from -2^31 to 2^31 - 1");
    }
  }

  static Long wide(String text) {
    try {
      return Long.valueOf(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + text + "' is not a whole number from -2^63 to 2^63 - 1");
    }
  }
}
