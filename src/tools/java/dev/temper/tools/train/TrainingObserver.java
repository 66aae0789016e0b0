package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;

/** Watches a training loop. */
@FunctionalInterface
interface TrainingObserver {

  /**
   * Called after each step, while the inputs and outputs of the loss still hold the values of that step.
   *
   * @return whether the training goes on
   */
  boolean stepped(TrainingStep step, DistillationLoss loss, LossInputs inputs, LossOutputs outputs);
}
