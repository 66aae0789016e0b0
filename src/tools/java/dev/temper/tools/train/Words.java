package dev.temper.tools.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts names and text into lower-case words: at camel case, between letters and digits, and around each punctuation
 * mark.
 */
final class Words {

  // The alternatives are, in this order: an ideograph; an acronym (the XML of XMLReader); a capitalised or lower-case
  // word; letters without case, with their marks; a number; any other visible character.
  private static final Pattern WORD = Pattern.compile(
      "\\p{IsIdeographic}|\\p{Lu}+(?!\\p{Ll})|\\p{Lu}?\\p{Ll}+|[\\p{L}\\p{M}]+|\\p{N}+|[^\\s\\p{L}\\p{M}\\p{N}]");

  private Words() {}

  static List<String> in(CharSequence text) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      words.add(matcher.group().toLowerCase(Locale.ROOT));
    }
    return words;
  }
}
