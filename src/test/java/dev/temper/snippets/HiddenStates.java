package dev.temper.snippets;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.RowVector;
import dev.temper.Teacher;

/** The call with linear heads that the README shows. */
final class HiddenStates {

  private HiddenStates() {}

  static double use(LossEngine engine, HostMatrix hidden, HostMatrix weight, HostMatrix teacherHidden,
      HostMatrix teacherWeight, int[] labels, HostMatrix hiddenGradient, HostMatrix weightGradient) {
    // @start region="hidden"
    LinearHead head = LinearHead.of(weight);                          // weight [classes, features], as nn.Linear has it
    LinearHead teacherHead = LinearHead.of(teacherWeight);            // the teacher may have other features
    LossInputs inputs = LossInputs.hidden(hidden, head)               // hidden states [rows, features]
        .withTeacher(Teacher.hidden(teacherHidden, teacherHead))
        .withLabels(RowVector.labels(labels));
    LossOutputs outputs = LossOutputs.gradient(hiddenGradient)        // the gradient with respect to the hidden states
        .withWeightGradientAddedTo(weightGradient);                   // or withWeightGradient, which replaces
    LossResult result = engine.forwardBackward(DistillationLoss.hinton(2.0, 0.7), inputs, outputs);
    long bytes = result.workspace().orElseThrow().bytes();            // for the logits of a chunk of rows
    // @end
    return bytes > 0 ? result.total() : Double.NaN;
  }
}
