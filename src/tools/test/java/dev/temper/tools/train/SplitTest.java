package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.tools.train.Corpus.TextDocument;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class SplitTest {

  /** Returns the documents of 4,000 classes and of one nested class of each. */
  private static List<TextDocument> documents() {
    List<TextDocument> documents = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      documents.add(JdkNames.document("demo/Type" + i, Set.of("run")));
      documents.add(JdkNames.document("demo/Type" + i + "$Nested", Set.of("call")));
    }
    return documents;
  }

  @Test
  void noClassIsOnTwoSides() {
    Split split = Split.of(documents());
    Set<String> training = groups(split.training());
    Set<String> validation = groups(split.validation());
    Set<String> heldOut = groups(split.heldOut());
    Set<String> union = new HashSet<>(training);
    union.addAll(validation);
    union.addAll(heldOut);
    assertThat(union).hasSize(4000);
    assertThat(training.size() + validation.size() + heldOut.size()).isEqualTo(4000);
  }

  @Test
  void everyDocumentIsSomewhereAndOneInSixteenHeldOut() {
    Split split = Split.of(documents());
    assertThat(split.training().size() + split.validation().size() + split.heldOut().size()).isEqualTo(8000);
    // 250 of 4,000 groups expected, with a deviation of 15 if the shares were random.
    assertThat(groups(split.heldOut()).size()).isBetween(190, 310);
    assertThat(groups(split.validation()).size()).isBetween(190, 310);
  }

  private static Set<String> groups(List<TextDocument> documents) {
    return documents.stream().map(TextDocument::group).collect(Collectors.toSet());
  }
}
