package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.HeadWorkspace;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.tools.train.TrainPlan.Head;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How well a model predicts words that it has not learned from.
 *
 * @param crossEntropy mean over the words, in nats
 * @param top1 share of words that were the model's first choice
 * @param top5 share of words that were among its first five
 * @param words number of evaluated words, which are in the vocabulary
 */
public record Quality(double crossEntropy, double top1, double top5, long words) {

  /** Rows whose logits exist at once with a fused head, to find the rank of the labels. */
  private static final int RANKED_ROWS = 16;

  private static final DistillationLoss SUM_OF_CROSS_ENTROPIES =
      DistillationLoss.builder().softWeight(0).hardWeight(1).reduction(Reduction.SUM).build();

  /** The perplexity {@code e^crossEntropy}: the number of equally likely words that gives the same cross-entropy. */
  public double perplexity() {
    return Math.exp(crossEntropy);
  }

  /**
   * A judged model.
   *
   * @param quality the quality
   * @param logitBytes memory of the logits
   */
  record Judged(Quality quality, long logitBytes) {}

  /** Judges a model on at most {@code limit} examples, evenly spread over all, {@code rows} at a time. */
  static Judged of(LanguageModel model, LossEngine engine, Examples examples, int limit, int rows, Head head) {
    double sum = 0;
    long words = 0;
    long first = 0;
    long five = 0;
    long bytes = 0;
    for (WordBatch batch : batches(examples, limit, rows)) {
      Matrix all = head == Head.FUSED ? null : model.forward(batch);
      LossResult result = engine.forward(SUM_OF_CROSS_ENTROPIES, inputs(model, batch, all));
      sum += result.totals().hard();
      words += result.totals().countedRows();
      int slice = all == null ? Math.min(RANKED_ROWS, batch.rows()) : batch.rows();
      for (int from = 0; from < batch.rows(); from += slice) {
        Matrix logits = all == null ? model.logits(from, Math.min(from + slice, batch.rows())) : all;
        for (int row = 0; row < logits.rows(); row++) {
          int label = batch.nextWords()[from + row];
          if (label != Examples.NO_LABEL) {
            int better = better(logits, row, label);
            first += better < 1 ? 1 : 0;
            five += better < 5 ? 1 : 0;
          }
        }
      }
      bytes = Math.max(bytes, result.workspace().map(HeadWorkspace::bytes).orElse(0L)
          + (long) slice * model.shape().vocabulary() * Float.BYTES);
    }
    return new Judged(new Quality(sum / words, (double) first / words, (double) five / words, words), bytes);
  }

  /** The cross-entropy alone of the same examples, in nats. */
  static double crossEntropy(LanguageModel model, LossEngine engine, Examples examples, int limit, int rows,
      Head head) {
    double sum = 0;
    long words = 0;
    for (WordBatch batch : batches(examples, limit, rows)) {
      Matrix all = head == Head.FUSED ? null : model.forward(batch);
      LossTotals totals = engine.forward(SUM_OF_CROSS_ENTROPIES, inputs(model, batch, all)).totals();
      sum += totals.hard();
      words += totals.countedRows();
    }
    return sum / words;
  }

  private static List<WordBatch> batches(Examples examples, int limit, int rows) {
    int count = Math.min(limit, examples.size());
    return IntStream.range(0, Math.ceilDiv(count, rows)).mapToObj(i -> examples.batch(
        IntStream.range(i * rows, Math.min((i + 1) * rows, count))
            .map(example -> (int) ((long) example * examples.size() / count)).toArray())).toList();
  }

  /** The logits of all rows, or the hidden states of a fused head, whose logits exist in chunks of rows only. */
  private static LossInputs inputs(LanguageModel model, WordBatch batch, @Nullable Matrix logits) {
    LossInputs inputs = logits == null ? LossInputs.hidden(model.hidden(batch).view(), model.head())
        : LossInputs.of(logits.view());
    return inputs.withLabels(batch.labels());
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
