package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;

/** Watches a training loop. */
interface TrainingObserver {

  /**
   * Called after the loss of each step and before the weights change.
   *
   * @param step number of the step; the first is 1
   */
  void computed(int step, LossTotals totals, DistillationLoss loss, LossInputs inputs, LossOutputs outputs);

  /**
   * Called after each step.
   *
   * @return whether the training goes on
   */
  boolean stepped(TrainingStep step);
}
