package dev.temper.internal;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists the tensors that one call reads and writes. A teacher of weight 0 is not read and therefore not listed. */
final class LossTensors {

  private final List<CallTensor> read = new ArrayList<>();
  private final List<CallTensor> written = new ArrayList<>();
  private final boolean inPlace;

  LossTensors(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    inPlace = outputs.inPlace();
    add(read, "student", inputs.student());
    if (loss.softWeight() > 0) {
      switch (inputs.teacher()) {
        case null -> { }
        case Teacher.Logits logits -> add(read, "teacher", logits.matrix());
      }
    }
    add(read, "labels", inputs.labels());
    add(read, "row_weights", inputs.rowWeights());
    add(read, "row_temperatures", inputs.rowTemperatures());
    add(read, "soft_denominator", inputs.softDenominator());
    add(read, "hard_denominator", inputs.hardDenominator());
    add(written, "gradient", outputs.gradient());
    for (RowOutput output : RowOutput.values()) {
      add(written, output.tensor(), outputs.row(output));
    }
  }

  /**
   * Checks that all memory can be used. No output may share a byte with an input or another output, except for a
   * gradient in place.
   */
  void requireUsable() {
    read.forEach(CallTensor::requireReadable);
    written.forEach(CallTensor::requireWritable);
    for (int i = 0; i < written.size(); i++) {
      CallTensor output = written.get(i);
      for (CallTensor input : read) {
        boolean allowed = inPlace && output.name().equals("gradient") && input.name().equals("student");
        if (!allowed) {
          output.requireDisjoint(input);
        }
      }
      written.subList(0, i).forEach(output::requireDisjoint);
    }
  }

  void requireHost(String device) {
    read.forEach(tensor -> tensor.requireHost(device));
    written.forEach(tensor -> tensor.requireHost(device));
  }

  private static void add(List<CallTensor> list, String name, @Nullable MatrixView matrix) {
    if (matrix != null) {
      list.add(CallTensor.of(name, matrix));
    }
  }

  private static void add(List<CallTensor> list, String name, @Nullable Denominator denominator) {
    if (denominator instanceof Denominator.InMemory(RowVector vector)) {
      add(list, name, vector);
    }
  }

  private static void add(List<CallTensor> list, String name, @Nullable RowVector vector) {
    if (vector != null) {
      list.add(CallTensor.of(name, vector));
    }
  }
}
