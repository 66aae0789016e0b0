package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;

/** Watches a training loop. */
@FunctionalInterface
interface TrainingObserver {

  /** Called after each step, while what the loss has read and written is still in place. */
  void stepped(Step step, DistillationLoss loss, LossInputs inputs, LossOutputs outputs);
}
