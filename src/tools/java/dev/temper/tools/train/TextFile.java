package dev.temper.tools.train;

import dev.temper.tools.train.Corpus.TextDocument;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads a corpus from a UTF-8 text file. */
public final class TextFile {

  /**
   * Words per document: many more than the context of a model, and few enough that a small book has some hundred
   * documents.
   */
  private static final int DOCUMENT_WORDS = 256;

  /** Words of the smallest text. A shorter text has fewer than a thousand held-out words, too few to compare models. */
  static final int MIN_WORDS = 20_000;

  private TextFile() {}

  /**
   * Reads the file and cuts it into documents of equal length.
   *
   * @throws IllegalArgumentException if it is not UTF-8 or too short, naming the file and what was found
   * @throws IOException if it cannot be read
   */
  public static Corpus read(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException(file + " is a directory, expected a text file");
    }
    List<String> words;
    try {
      words = Words.in(Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(file + " is not UTF-8 text; convert it, for example with iconv -t UTF-8", e);
    }
    if (words.size() < MIN_WORDS) {
      throw new IllegalArgumentException(file + " holds " + words.size() + " words, expected at least " + MIN_WORDS
          + "; give a longer text, or leave --text out to train on the names of the JDK");
    }
    List<TextDocument> documents = new ArrayList<>();
    for (int from = 0; from < words.size(); from += DOCUMENT_WORDS) {
      List<String> part = words.subList(from, Math.min(from + DOCUMENT_WORDS, words.size()));
      documents.add(new TextDocument("words from " + from, List.copyOf(part)));
    }
    return new Corpus(String.valueOf(file.getFileName()), documents);
  }
}
