package dev.temper;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tensors that one call reads and writes; a teacher of weight 0 is not among them. */
final class LossTensors {

  private final List<Tensor> read = new ArrayList<>();
  private final List<Tensor> written = new ArrayList<>();
  private final boolean inPlace;

  LossTensors(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, @Nullable LogitMatrix savedStatistics) {
    inPlace = outputs.inPlace();
    add(read, "student", inputs.student());
    if (loss.softWeight() > 0) {
      add(read, "teacher", inputs.teacher());
    }
    add(read, "labels", inputs.labels());
    add(read, "row_weights", inputs.rowWeights());
    add(read, "row_temperatures", inputs.rowTemperatures());
    add(read, "statistics", savedStatistics);
    add(written, "gradient", outputs.gradient());
    add(written, "row_soft", outputs.rowSoft());
    add(written, "row_hard", outputs.rowHard());
    add(written, "statistics", outputs.statistics());
  }

  /** All memory can be used, and no output shares a byte with an input or another output, but for a gradient in place. */
  void requireUsable() {
    read.forEach(Tensor::requireReadable);
    written.forEach(Tensor::requireWritable);
    for (int i = 0; i < written.size(); i++) {
      Tensor output = written.get(i);
      for (Tensor input : read) {
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

  private static void add(List<Tensor> list, String name, @Nullable LogitMatrix matrix) {
    if (matrix != null) {
      list.add(Tensor.of(name, matrix));
    }
  }

  private static void add(List<Tensor> list, String name, @Nullable RowVector vector) {
    if (vector != null) {
      list.add(Tensor.of(name, vector));
    }
  }
}
