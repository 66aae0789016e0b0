package dev.temper.tools.train;

import java.util.List;

/**
 * The result of training one model.
 *
 * @param name which model it is: the teacher, the student on labels only, or a distilled student
 * @param parameters number of weights
 * @param heldOut quality at the end on words that no model has learned from
 * @param curve quality during the training
 * @param steps number of steps made
 * @param plannedSteps number of steps that the plan gave the model; larger than {@code steps} after an interruption
 * @param secondsPerStep mean time of a step
 * @param lossShare part of that time in the loss and its gradient; of a fused head with its products
 * @param logitBytes largest memory of all logits and their gradient, in a step or in the evaluation at the end: those
 *     of a teacher that is given by logits are among them
 */
public record ModelOutcome(
    String name,
    long parameters,
    Quality heldOut,
    List<CurvePoint> curve,
    int steps,
    int plannedSteps,
    double secondsPerStep,
    double lossShare,
    long logitBytes) {

  /**
   * A point of a learning curve.
   *
   * @param step number of steps made so far
   * @param loss mean training loss since the previous point, in the loss that trains the model
   * @param validation cross-entropy on the validation part, in nats
   */
  public record CurvePoint(int step, double loss, double validation) {}

  /** Whether the model was trained for all its planned steps. */
  public boolean isComplete() {
    return steps == plannedSteps;
  }
}
