package dev.temper.tools.train;

import java.util.List;

/**
 * How the training of one model went.
 *
 * @param name teacher, labels only, or distilled
 * @param parameters number of weights
 * @param heldOut quality at the end on words that no model has learned from
 * @param curve quality on the way
 * @param steps number of steps
 * @param secondsPerStep mean time of a step
 * @param lossShare part of it in the loss and its gradient
 */
public record Outcome(
    String name, long parameters, Quality heldOut, List<Point> curve, int steps, double secondsPerStep, double lossShare) {

  /**
   * A point of a learning curve.
   *
   * @param step steps done
   * @param loss mean training loss since the point before, as the model's own loss measures it
   * @param validation cross-entropy on the validation part, in nats
   */
  public record Point(int step, double loss, double validation) {}
}
