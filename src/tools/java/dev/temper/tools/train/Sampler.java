package dev.temper.tools.train;

import dev.temper.LossEngine;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Generates text: each word is drawn from the softmax of the plain logits (T = 1), given the words before. */
final class Sampler {

  private static final String PUNCTUATION = ".,:;!?)]}";

  private Sampler() {}

  /** A text of the given number of words; equal seeds give equal texts. */
  static String text(LanguageModel model, Vocabulary vocabulary, LossEngine engine, int words, long seed) {
    int context = model.shape().context();
    int[] window = new int[context];
    Arrays.fill(window, Vocabulary.BOUNDARY);
    SplittableRandom random = new SplittableRandom(seed);
    StringBuilder text = new StringBuilder();
    try (Arena arena = Arena.ofConfined()) {
      Matrix probabilities = Matrix.zeros(arena, 1, vocabulary.size());
      for (int i = 0; i < words; i++) {
        Matrix logits = model.forward(new WordBatch(context, window, new int[1], new int[1]));
        engine.softmax(logits.view(), probabilities.view());
        int word = draw(probabilities, random.nextDouble());
        append(text, word, vocabulary);
        System.arraycopy(window, 1, window, 0, context - 1);
        window[context - 1] = word;
      }
    }
    return text.toString().strip();
  }

  private static int draw(Matrix probabilities, double at) {
    double sum = 0;
    for (int word = 0; word < probabilities.columns(); word++) {
      sum += probabilities.get(0, word);
      if (at < sum) {
        return word;
      }
    }
    return Vocabulary.BOUNDARY; // f32 probabilities may add up to a little less than 1
  }

  private static void append(StringBuilder text, int word, Vocabulary vocabulary) {
    String spelling = vocabulary.word(word);
    if (word == Vocabulary.BOUNDARY) {
      text.append('\n');
    } else {
      boolean attached = text.isEmpty() || text.charAt(text.length() - 1) == '\n' || PUNCTUATION.contains(spelling);
      text.append(attached ? "" : " ").append(spelling);
    }
  }
}
