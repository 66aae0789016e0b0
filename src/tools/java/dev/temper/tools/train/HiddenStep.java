package dev.temper.tools.train;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;

/** A step whose student ends at its hidden states: the engine computes logits, loss and gradients in chunks of rows. */
record HiddenStep(LanguageModel student) implements StudentStep {

  @Override
  public LossOutputs outputs() {
    return LossOutputs.gradient(student.hiddenGradient().view()).withWeightGradient(student.headGradient().view());
  }

  @Override
  public LossInputs forward(WordBatch batch) {
    return LossInputs.hidden(student.hidden(batch).view(), student.head());
  }

  @Override
  public void backward(WordBatch batch) {
    student.backwardFromHidden(batch);
  }
}
