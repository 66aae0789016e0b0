package dev.temper.tools.train;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;

/** The parts of a training step that depend on the form of the student's output, logits or hidden states. */
interface StudentStep {

  /** The gradients of the loss. */
  LossOutputs outputs();

  /** Runs the student on a batch. */
  LossInputs forward(WordBatch batch);

  /** Fills the gradients of the student's weights, given those of the loss. */
  void backward(WordBatch batch);
}
