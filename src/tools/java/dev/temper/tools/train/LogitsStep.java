package dev.temper.tools.train;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Teacher;
import org.jspecify.annotations.Nullable;

/**
 * A step whose models compute logits of all rows.
 *
 * @param gradient gradient by the logits, [rows, vocabulary]
 */
record LogitsStep(LanguageModel student, @Nullable LanguageModel teacher, Matrix gradient) implements StudentStep {

  @Override
  public LossOutputs outputs() {
    return LossOutputs.gradient(gradient.view());
  }

  @Override
  public LossInputs forward(WordBatch batch) {
    LossInputs inputs = LossInputs.of(student.forward(batch).view()).withLabels(batch.labels());
    return teacher == null ? inputs : inputs.withTeacher(Teacher.logits(teacher.forward(batch).view()));
  }

  @Override
  public void backward(WordBatch batch) {
    student.backward(batch, gradient);
  }

  @Override
  public long logitBytes() {
    return (teacher == null ? 2 : 3) * gradient.segment().byteSize();
  }
}
