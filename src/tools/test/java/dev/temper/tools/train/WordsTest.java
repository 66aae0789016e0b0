package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class WordsTest {

  @Test
  void camelCaseFallsIntoWords() {
    assertThat(Words.in("putIfAbsent")).containsExactly("put", "if", "absent");
    assertThat(Words.in("AbstractListModel")).containsExactly("abstract", "list", "model");
  }

  @Test
  void acronymsStayWhole() {
    assertThat(Words.in("XMLReader")).containsExactly("xml", "reader");
    assertThat(Words.in("parseURL")).containsExactly("parse", "url");
    assertThat(Words.in("getX")).containsExactly("get", "x");
  }

  @Test
  void digitsAreWords() {
    assertThat(Words.in("utf8Decoder")).containsExactly("utf", "8", "decoder");
  }

  @Test
  void punctuationMarksAreWordsAndSpacesAreNot() {
    assertThat(Words.in(" It's  done.\n")).containsExactly("it", "'", "s", "done", ".");
  }

  @Test
  void otherScripts() {
    assertThat(Words.in("Grüße dalgaÖlçer")).containsExactly("grüße", "dalga", "ölçer");
    assertThat(Words.in("語言")).containsExactly("語", "言");
    assertThat(Words.in("नमस्ते")).containsExactly("नमस्ते");
  }
}
