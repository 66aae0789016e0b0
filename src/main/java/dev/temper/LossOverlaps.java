package dev.temper;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** No output may share a byte with an input or another output, but for a gradient that is asked to be in place. */
final class LossOverlaps {

  private record Named(String name, Span span) {}

  private LossOverlaps() {}

  static void check(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, @Nullable LogitMatrix savedStatistics) {
    List<Named> read = new ArrayList<>();
    if (!outputs.inPlace()) {
      add(read, "student", inputs.student());
    }
    if (loss.softWeight() > 0) {
      add(read, "teacher", inputs.teacher());
    }
    add(read, "labels", inputs.labels());
    add(read, "row_weights", inputs.rowWeights());
    add(read, "row_temperatures", inputs.rowTemperatures());
    add(read, "statistics", savedStatistics);
    List<Named> written = new ArrayList<>();
    add(written, "gradient", outputs.gradient());
    add(written, "row_soft", outputs.rowSoft());
    add(written, "row_hard", outputs.rowHard());
    add(written, "statistics", outputs.statistics());
    for (int i = 0; i < written.size(); i++) {
      Named output = written.get(i);
      for (Named input : read) {
        requireDisjoint(output.name, output.span, input.name, input.span);
      }
      for (Named earlier : written.subList(0, i)) {
        requireDisjoint(output.name, output.span, earlier.name, earlier.span);
      }
    }
  }

  static void requireDisjoint(String outputName, Span output, String otherName, Span other) {
    if (output.overlaps(other)) {
      String remedy = outputName.equals("gradient") && otherName.equals("student")
          ? "give it memory of its own, or ask for it in place with LossOutputs.gradientInPlace"
          : "give it memory of its own";
      throw new IllegalArgumentException(outputName + " overlaps " + otherName + " in memory; " + remedy);
    }
  }

  private static void add(List<Named> list, String name, @Nullable LogitMatrix matrix) {
    if (matrix != null) {
      list.add(new Named(name, Span.of(matrix)));
    }
  }

  private static void add(List<Named> list, String name, @Nullable RowVector vector) {
    if (vector != null) {
      list.add(new Named(name, Span.of(vector)));
    }
  }
}
