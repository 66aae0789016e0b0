package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.Reduction;
import java.util.stream.IntStream;

/**
 * How well a model predicts words that it has not learned from.
 *
 * @param crossEntropy mean over the words, in nats
 * @param top1 share of words that were the model's first choice
 * @param top5 share of words that were among its first five
 * @param words number of words judged; those beyond the vocabulary are not
 */
public record Quality(double crossEntropy, double top1, double top5, long words) {

  private static final DistillationLoss SUM_OF_CROSS_ENTROPIES =
      DistillationLoss.builder().softWeight(0).hardWeight(1).reduction(Reduction.SUM).build();

  /** The perplexity {@code e^crossEntropy}: the number of equally likely words that gives the same cross-entropy. */
  public double perplexity() {
    return Math.exp(crossEntropy);
  }

  /** Judges a model on at most {@code limit} examples, evenly spread over all, {@code rows} at a time. */
  static Quality of(LanguageModel model, LossEngine engine, Examples examples, int limit, int rows) {
    double sum = 0;
    long words = 0;
    long first = 0;
    long five = 0;
    int count = Math.min(limit, examples.size());
    for (int from = 0; from < count; from += rows) {
      WordBatch batch = examples.batch(IntStream.range(from, Math.min(from + rows, count))
          .map(i -> (int) ((long) i * examples.size() / count)).toArray());
      Matrix logits = model.forward(batch);
      var totals = engine.forward(SUM_OF_CROSS_ENTROPIES, LossInputs.of(logits.view()).withLabels(batch.labels()))
          .totals();
      sum += totals.hard();
      words += totals.countedRows();
      for (int row = 0; row < batch.rows(); row++) {
        int label = batch.nextWords()[row];
        if (label != Examples.NO_LABEL) {
          int better = better(logits, row, label);
          first += better < 1 ? 1 : 0;
          five += better < 5 ? 1 : 0;
        }
      }
    }
    return new Quality(sum / words, (double) first / words, (double) five / words, words);
  }

  /** Number of words with a larger logit than the label. */
  private static int better(Matrix logits, int row, int label) {
    float of = logits.get(row, label);
    int count = 0;
    for (int word = 0; word < logits.columns(); word++) {
      count += logits.get(row, word) > of ? 1 : 0;
    }
    return count;
  }
}
