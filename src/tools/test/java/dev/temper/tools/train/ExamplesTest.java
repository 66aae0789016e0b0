package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.tools.train.Corpus.TextDocument;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ExamplesTest {

  private static final List<TextDocument> DOCUMENTS =
      List.of(new TextDocument("one", List.of("a", "b", "a", "b", "a")),
          new TextDocument("two", List.of("b", "odd", "a")));
  private static final Vocabulary VOCABULARY = Vocabulary.of(DOCUMENTS, 100);

  @Test
  void contextsNeverReachIntoAnotherDocument() {
    Examples examples = new Examples(DOCUMENTS, VOCABULARY, 2);
    int a = VOCABULARY.id("a");
    int b = VOCABULARY.id("b");
    int edge = Vocabulary.BOUNDARY;
    assertThat(examples.size()).isEqualTo(10);
    WordBatch batch = examples.batch(0, 1, 5, 6);
    assertThat(batch.words()).containsExactly(edge, edge, edge, a, b, a, edge, edge);
    assertThat(batch.nextWords()).containsExactly(a, b, edge, b);
  }

  @Test
  void unknownWordsAreContextButNoLabel() {
    WordBatch batch = new Examples(DOCUMENTS, VOCABULARY, 2).batch(7, 8);
    assertThat(batch.nextWords()).containsExactly(Examples.NO_LABEL, VOCABULARY.id("a"));
    assertThat(batch.word(1, 1)).isEqualTo(Vocabulary.UNKNOWN);
  }

  @Test
  void eachExampleComesOncePerRoundInAnOrderThatTheSeedDecides() {
    Examples examples = new Examples(DOCUMENTS, VOCABULARY, 2);
    WordBatch all = examples.batch(IntStream.range(0, 10).toArray());
    int[] first = new WordBatches(examples, 10, 3).next().nextWords();
    assertThat(first).isEqualTo(new WordBatches(examples, 10, 3).next().nextWords());
    assertThat(first).isNotEqualTo(new WordBatches(examples, 10, 4).next().nextWords());
    assertThat(Arrays.stream(first).sorted().toArray()).isEqualTo(Arrays.stream(all.nextWords()).sorted().toArray());
  }

  @Test
  void tooFewExamplesForABatch() {
    assertThatThrownBy(() -> new WordBatches(new Examples(DOCUMENTS, VOCABULARY, 2), 11, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("10 words", "11");
  }
}
