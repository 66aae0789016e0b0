package dev.temper;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Holds the properties of a call for which engines specialise their code. A device that compiles its kernels runs few
 * combinations many times.
 *
 * @param kind method of the engine
 * @param input dtype of the student's logits, or of the logits of a softmax
 * @param second dtype of the teacher's logits, or of the gradient with respect to the log-probabilities
 * @param output dtype of the gradient, or of the output of a softmax
 * @param soft whether the loss has a soft part
 * @param hard whether the loss has a cross-entropy
 * @param classes classes without padding
 */
record Combination(CallKind kind, DType input, DType second, DType output, Divergence divergence, boolean soft,
    boolean hard, double temperature, boolean rowTemperatures, int classes) {

  /** The ways of calling an engine. */
  enum CallKind {
    FORWARD, FORWARD_BACKWARD, BACKWARD, SOFTMAX, LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD, ARGMAX;

    boolean isLoss() {
      return switch (this) {
        case FORWARD, FORWARD_BACKWARD, BACKWARD -> true;
        case SOFTMAX, LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD, ARGMAX -> false;
      };
    }
  }

  private static final int MOST_CLASSES = 3_000;
  private static final List<DType> FLOATS = List.of(DType.F32, DType.BF16, DType.F16);
  private static final List<Double> TEMPERATURES = List.of(1.0, 2.0, 4.0, 3.0, 0.7);

  /** Draws a combination. Two thirds of the combinations are losses, and short rows are as frequent as long ones. */
  static Combination draw(RandomGenerator random) {
    CallKind kind = CallKind.values()[random.nextInt(3) < 2 ? random.nextInt(3) : 3 + random.nextInt(4)];
    DType input = pick(random, FLOATS);
    boolean soft = random.nextInt(5) > 0;
    return new Combination(kind, input, pick(random, FLOATS),
        kind.isLoss() ? pick(random, List.of(input, DType.F32)) : pick(random, FLOATS),
        divergence(random),
        soft, !soft || random.nextInt(4) > 0, pick(random, TEMPERATURES), random.nextInt(5) == 0,
        (int) Math.exp(random.nextDouble() * Math.log(MOST_CLASSES + 1)));
  }

  private static Divergence divergence(RandomGenerator random) {
    return switch (random.nextInt(6)) {
      case 0 -> Divergence.jensenShannon(0.1 + 0.8 * random.nextDouble());
      case 1 -> Divergence.dkd(pick(random, List.of(1.0, 0.0, 0.5)), 1 + 7 * random.nextDouble());
      default -> Divergence.forwardKl();
    };
  }

  /** Returns whether a loss needs the label of each row. */
  boolean needsLabels() {
    return hard || (soft && divergence instanceof Divergence.Dkd);
  }

  static <T> T pick(RandomGenerator random, List<? extends T> values) {
    return values.get(random.nextInt(values.size()));
  }
}
