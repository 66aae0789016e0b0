package dev.temper.snippets;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.Teacher;

/** The loop that docs/gpu.md and Javadoc show: logits of another framework, used where they are. */
public final class DeviceLoop {

  private DeviceLoop() {}

  /** The tensors and passes of a framework. */
  interface Framework {
    long studentAddress();

    long teacherAddress();

    long labelsAddress();

    long gradientAddress();

    void forward();

    void backward();
  }

  static double train(LossEngine engine, Framework model, int steps, int rows, int classes) {
    double last = Double.NaN;
    // @start region="loop"
    DistillationLoss loss = DistillationLoss.hinton(2.0, 0.7);
    LossInputs inputs = LossInputs.of(new DeviceMatrix(model.studentAddress(), rows, classes, classes, DType.BF16))
        .withTeacher(Teacher.logits(new DeviceMatrix(model.teacherAddress(), rows, classes, classes, DType.BF16)))
        .withLabels(RowVector.labelsAt(model.labelsAddress(), rows, DType.I64));
    LossOutputs outputs =
        LossOutputs.gradient(new DeviceMatrix(model.gradientAddress(), rows, classes, classes, DType.BF16));
    try (PreparedLoss prepared = engine.prepare(loss, inputs, outputs)) {
      for (int step = 0; step < steps; step++) {
        model.forward();
        prepared.launch();                                            // returns before it is done
        model.backward();                                             // reads the gradient
        last = prepared.totals().total();                             // waits; once in a hundred steps is enough
      }
    }
    // @end
    return last;
  }
}
