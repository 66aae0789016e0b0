package dev.temper.tools.train;

import dev.temper.LinearHead;
import dev.temper.spi.Products;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * An n-gram neural language model (Bengio et al. 2003): the embeddings of the previous words, side by side, one hidden
 * layer of rectified linear units, and one logit for each word of the vocabulary.
 *
 * <pre>
 *   x = [embedding(w1) ... embedding(wn), 1]     [rows, context * embedding + 1]
 *   h = [max(0, x * hidden), 1]                  [rows, hidden + 1]
 *   z = h * output^T                             [rows, vocabulary]
 * </pre>
 *
 * <p>The constant 1 at the end of x and h makes the last row of {@code hidden} and the last column of {@code output}
 * the bias. The output weights are the head of the model.
 */
final class LanguageModel {

  /** Sizes of a model. */
  record Shape(int vocabulary, int context, int embedding, int hidden) {
    int inputs() {
      return context * embedding;
    }

    long parameters() {
      return (long) vocabulary * embedding + (inputs() + 1L) * hidden + (hidden + 1L) * vocabulary;
    }
  }

  private final Shape shape;
  private final Products products;
  private final Parameter embedding;
  private final Parameter hidden;
  private final Parameter output;
  private final Matrix x;
  private final Matrix xGradient;
  private final Matrix activation;
  private final Matrix h;
  private final Matrix hGradient;
  private final Arena arena;
  /** The logits are allocated at their first use, because a fused head needs no logits of all rows. */
  private @Nullable Matrix logits;

  /**
   * A model with random weights; equal seeds give equal models.
   *
   * @param maxRows largest batch
   * @param arena arena of weights and activations
   */
  LanguageModel(Shape shape, int maxRows, Products products, Arena arena, long seed) {
    this.shape = shape;
    this.products = products;
    this.arena = arena;
    embedding = Parameter.of(arena, shape.vocabulary(), shape.embedding());
    hidden = Parameter.of(arena, shape.inputs() + 1, shape.hidden());
    output = Parameter.of(arena, shape.vocabulary(), shape.hidden() + 1);
    x = Matrix.zeros(arena, maxRows, shape.inputs() + 1);
    xGradient = Matrix.zeros(arena, maxRows, shape.inputs() + 1);
    activation = Matrix.zeros(arena, maxRows, shape.hidden());
    h = Matrix.zeros(arena, maxRows, shape.hidden() + 1);
    hGradient = Matrix.zeros(arena, maxRows, shape.hidden() + 1);

    SplittableRandom random = new SplittableRandom(seed);
    // He et al. 2015: variance 2 / inputs keeps the size of activations through rectified units; biases begin at 0.
    fill(embedding.value(), shape.vocabulary(), 1, random);
    fill(hidden.value(), shape.inputs(), Math.sqrt(2.0 / shape.inputs()), random);
    for (int i = 0; i < shape.hidden(); i++) {
      for (int word = 0; word < shape.vocabulary(); word++) {
        output.value().set(word, i, (float) (Math.sqrt(1.0 / shape.hidden()) * random.nextGaussian()));
      }
    }
  }

  Shape shape() {
    return shape;
  }

  List<Parameter> parameters() {
    return List.of(embedding, hidden, output);
  }

  /** The output weights, [vocabulary, hidden + 1]. */
  LinearHead head() {
    return LinearHead.of(output.value().view());
  }

  /** The gradient with respect to the output weights, [vocabulary, hidden + 1]. */
  Matrix headGradient() {
    return output.gradient();
  }

  /**
   * The gradient with respect to the last hidden states, [rows, hidden + 1], where {@link #backwardFromHidden} begins.
   */
  Matrix hiddenGradient() {
    return hGradient;
  }

  /** Logits of the next word for each row of the batch, [rows, vocabulary]; overwritten by the next call. */
  Matrix forward(WordBatch batch) {
    hidden(batch);
    return logits(0, batch.rows());
  }

  /** Logits of some rows of the last batch, [to - from, vocabulary]; overwritten by the next call. */
  Matrix logits(int from, int to) {
    if (logits == null || logits.rows() < to - from) {
      logits = Matrix.zeros(arena, to - from, shape.vocabulary());
    }
    Matrix result = logits.top(to - from);
    products.multiply(1, Operand.of(h.view().rows(from, to)), Operand.transposed(output.value().view()), 0,
        result.view());
    return result;
  }

  /** Hidden states for each row of the batch, [rows, hidden + 1]; overwritten by the next call. */
  Matrix hidden(WordBatch batch) {
    int rows = batch.rows();
    Matrix input = x.top(rows);
    gather(batch, input);
    Matrix active = activation.top(rows);
    products.multiply(1, Operand.of(input.view()), Operand.of(hidden.value().view()), 0, active.view());
    Matrix rectified = h.top(rows);
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < shape.hidden(); i++) {
        rectified.set(row, i, Math.max(0f, active.get(row, i)));
      }
      rectified.set(row, shape.hidden(), 1f);
    }
    return rectified;
  }

  /**
   * Fills the gradients of all parameters, given the batch of the last forward pass and the gradient with respect to
   * its logits.
   */
  void backward(WordBatch batch, Matrix logitGradient) {
    int rows = batch.rows();
    Operand gradient = Operand.of(logitGradient.top(rows).view());
    products.multiply(1, Operand.transposed(gradient.matrix()), Operand.of(h.top(rows).view()), 0,
        output.gradient().view());
    products.multiply(1, gradient, Operand.of(output.value().view()), 0, hGradient.top(rows).view());
    backwardFromHidden(batch);
  }

  /** Fills the gradients of all other parameters, given those by the output weights and the hidden states. */
  void backwardFromHidden(WordBatch batch) {
    int rows = batch.rows();
    Matrix beyond = hGradient.top(rows);
    Matrix active = activation.top(rows);
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < shape.hidden(); i++) {
        active.set(row, i, active.get(row, i) > 0 ? beyond.get(row, i) : 0f);
      }
    }
    products.multiply(1, Operand.transposed(x.top(rows).view()), Operand.of(active.view()), 0,
        hidden.gradient().view());
    Matrix inputGradient = xGradient.top(rows);
    products.multiply(1, Operand.of(active.view()), Operand.transposed(hidden.value().view()), 0,
        inputGradient.view());
    scatter(batch, inputGradient);
  }

  private void gather(WordBatch batch, Matrix input) {
    long bytes = (long) shape.embedding() * Float.BYTES;
    for (int row = 0; row < batch.rows(); row++) {
      for (int i = 0; i < shape.context(); i++) {
        long from = batch.word(row, i) * bytes;
        MemorySegment.copy(embedding.value().segment(), from, input.segment(), at(input, row, i), bytes);
      }
      input.set(row, shape.inputs(), 1f);
    }
  }

  private void scatter(WordBatch batch, Matrix inputGradient) {
    Matrix sums = embedding.gradient();
    sums.segment().fill((byte) 0);
    for (int row = 0; row < batch.rows(); row++) {
      for (int i = 0; i < shape.context(); i++) {
        int word = batch.word(row, i);
        for (int k = 0; k < shape.embedding(); k++) {
          sums.set(word, k, sums.get(word, k) + inputGradient.get(row, i * shape.embedding() + k));
        }
      }
    }
  }

  private long at(Matrix input, long row, int word) {
    return (row * input.columns() + (long) word * shape.embedding()) * Float.BYTES;
  }

  private static void fill(Matrix weights, int rows, double deviation, SplittableRandom random) {
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < weights.columns(); column++) {
        weights.set(row, column, (float) (deviation * random.nextGaussian()));
      }
    }
  }
}
