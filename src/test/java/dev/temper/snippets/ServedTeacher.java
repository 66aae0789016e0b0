package dev.temper.snippets;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.ServedLists;
import dev.temper.Tail;
import dev.temper.Teacher;

/** Log-probabilities of a serving engine as a teacher, as the Javadoc shows. */
final class ServedTeacher {

  private ServedTeacher() {}

  static double use(LossEngine engine, int[][] ids, float[][] logProbs, HostMatrix student, HostMatrix gradient) {
    // @start region="served"
    // prompt_logprobs of vLLM: nothing at the first position, k or k + 1 entries at the others, all at T = 1
    Teacher teacher = ServedLists.ofPrompt(ids, logProbs, Tail.BUCKET);
    DistillationLoss loss = DistillationLoss.builder().temperature(1).build();
    LossInputs inputs = LossInputs.of(student).withTeacher(teacher);
    return engine.forwardBackward(loss, inputs, LossOutputs.gradient(gradient)).total();
    // @end
  }
}
