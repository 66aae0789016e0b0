package dev.temper.tools.train;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;

/** The parts of a training step that depend on the form in which the student reaches the loss. */
interface StudentStep {

  /** The gradients of the loss. */
  LossOutputs outputs();

  /** Runs the student on a batch. */
  LossInputs forward(WordBatch batch);

  /** Fills the gradients of the student's weights, given those of the loss. */
  void backward(WordBatch batch);

  /** Bytes of the logits of all rows and of their gradient; 0 if the engine computes them in chunks. */
  long logitBytes();
}
