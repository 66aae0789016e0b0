package dev.temper.tools.cli;

import java.util.Locale;
import java.util.regex.Pattern;

/** Puts messages of the library into the words of the command line: {@code --num-classes} for {@code numClasses}. */
final class OptionNames {

  private static final Pattern CAMEL_CASE =
      Pattern.compile("\\b(teacherTemperature|softWeight|hardWeight|labelSmoothing"
      + "|ignoreIndex|numClasses|temperatureScaling|gradientScale|learningRate)\\b");

  /** Plain words are option names only in front of a value. */
  private static final Pattern BEFORE_A_VALUE =
      Pattern.compile("(?<![\\w'-])(temperature|softcap|denominator|divergence|reduction|steps|seeds)(?= is | -?\\d|"
      + " (?:none|sum|mean|batch-mean)\\b| [a-z-]+(?::\\S+)? is not)");

  private static final Pattern WHOLE_NUMBER = Pattern.compile("(?<![\\w.])(-?\\d+)\\.0(?![\\w.])");

  private OptionNames() {}

  /** The same refusal, with options as they are typed and whole numbers without a decimal point. */
  static IllegalArgumentException in(IllegalArgumentException e) {
    return new IllegalArgumentException(in(String.valueOf(e.getMessage())), e);
  }

  static String in(String message) {
    String camel = CAMEL_CASE.matcher(message)
        .replaceAll(found -> "--" + found.group().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT));
    return WHOLE_NUMBER.matcher(BEFORE_A_VALUE.matcher(camel).replaceAll("--$1")).replaceAll("$1");
  }
}
