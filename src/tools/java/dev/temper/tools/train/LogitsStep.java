package dev.temper.tools.train;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;

/**
 * A step whose student computes logits of all rows.
 *
 * @param gradient gradient with respect to the logits, [rows, vocabulary]
 */
record LogitsStep(LanguageModel student, Matrix gradient) implements StudentStep {

  @Override
  public LossOutputs outputs() {
    return LossOutputs.gradient(gradient.view());
  }

  @Override
  public LossInputs forward(WordBatch batch) {
    return LossInputs.of(student.forward(batch).view());
  }

  @Override
  public void backward(WordBatch batch) {
    student.backward(batch, gradient);
  }
}
