package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.tools.train.Corpus.TextDocument;
import java.util.List;
import org.junit.jupiter.api.Test;

final class VocabularyTest {

  private static final List<TextDocument> DOCUMENTS =
      List.of(new TextDocument("a", List.of("get", "size", "get", "add", "add", "size")),
          new TextDocument("b", List.of("get", "size", "add", "get", "rare", "rare")));

  @Test
  void frequentWordsFirstAndTiesBySpelling() {
    Vocabulary vocabulary = Vocabulary.of(DOCUMENTS, 100);
    assertThat(vocabulary.word(2)).isEqualTo("get");
    assertThat(vocabulary.word(3)).isEqualTo("add");
    assertThat(vocabulary.word(4)).isEqualTo("size");
    assertThat(vocabulary.id("size")).isEqualTo(4);
  }

  @Test
  void rareWordsAreUnknown() {
    Vocabulary vocabulary = Vocabulary.of(DOCUMENTS, 100);
    assertThat(vocabulary.size()).isEqualTo(5);
    assertThat(vocabulary.id("rare")).isEqualTo(Vocabulary.UNKNOWN);
    assertThat(vocabulary.id("never")).isEqualTo(Vocabulary.UNKNOWN);
  }

  @Test
  void theLimitCountsTheSpecialWords() {
    Vocabulary vocabulary = Vocabulary.of(DOCUMENTS, 3);
    assertThat(vocabulary.size()).isEqualTo(3);
    assertThat(vocabulary.id("add")).isEqualTo(Vocabulary.UNKNOWN);
  }
}
