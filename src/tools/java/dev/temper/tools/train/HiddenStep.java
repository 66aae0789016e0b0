package dev.temper.tools.train;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Teacher;
import org.jspecify.annotations.Nullable;

/** A step whose models end at their hidden states: the engine computes logits, loss and gradients in chunks of rows. */
record HiddenStep(LanguageModel student, @Nullable LanguageModel teacher) implements StudentStep {

  @Override
  public LossOutputs outputs() {
    return LossOutputs.gradient(student.hiddenGradient().view()).withWeightGradient(student.headGradient().view());
  }

  @Override
  public LossInputs forward(WordBatch batch) {
    LossInputs inputs = LossInputs.hidden(student.hidden(batch).view(), student.head()).withLabels(batch.labels());
    return teacher == null ? inputs
        : inputs.withTeacher(Teacher.hidden(teacher.hidden(batch).view(), teacher.head()));
  }

  @Override
  public void backward(WordBatch batch) {
    student.backwardFromHidden(batch);
  }

  @Override
  public long logitBytes() {
    return 0;
  }
}
