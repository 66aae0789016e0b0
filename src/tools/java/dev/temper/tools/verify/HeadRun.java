package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.HeadWorkspace;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.Teacher;
import dev.temper.tools.verify.HeadData.Factors;
import dev.temper.tools.verify.RowOptions.Given;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The tensors of one case of a head in memory, and the call of the engine. */
final class HeadRun implements AutoCloseable {

  /** The results of a device. */
  @SuppressWarnings("ArrayRecordComponent") // the arrays live for one comparison
  record Found(LossTotals totals, HeadWorkspace workspace, double[] rowSoft, double[] rowHard, double[] hidden,
      double[] weight, double[] bias, List<String> damage) {}

  private final HeadCase c;
  private final HeadData data;
  private final Layout layout;
  private final Arena arena = Arena.ofConfined();
  private final List<GuardedTensor> read = new ArrayList<>();
  private final List<GuardedTensor> written = new ArrayList<>();

  private HeadRun(HeadCase c, HeadData data) {
    this.c = c;
    this.data = data;
    layout = c.loss().layout();
  }

  static Found run(LossEngine engine, HeadCase c, HeadData data) {
    try (HeadRun run = new HeadRun(c, data)) {
      return run.on(engine);
    }
  }

  private Found on(LossEngine engine) {
    GuardedTensor hidden = output(c.rows(), c.features());
    GuardedTensor weight = output(c.columns(), c.features());
    GuardedTensor bias = output(1, c.columns());
    GuardedTensor soft = snapshot(GuardedTensor.vector(arena, c.rows(), layout, DType.F32));
    GuardedTensor hard = snapshot(GuardedTensor.vector(arena, c.rows(), layout, DType.F32));
    LossOutputs outputs = added() ? LossOutputs.gradientAddedTo(hidden.view()).withWeightGradientAddedTo(weight.view())
        : LossOutputs.gradient(hidden.view()).withWeightGradient(weight.view());
    if (c.hasBias()) {
      outputs = added() ? outputs.withBiasGradientAddedTo(bias.view()) : outputs.withBiasGradient(bias.view());
    }
    LossResult result = engine.forwardBackward(c.loss().loss(), inputs(),
        outputs.withRowSoft(soft.rowVector()).withRowHard(hard.rowVector()));
    LossTotals totals = result.totals();
    return new Found(totals, result.workspace().orElseThrow(), soft.read(), hard.read(), hidden.read(), weight.read(),
        bias.read(), damage());
  }

  private LossInputs inputs() {
    RowOptions options = c.loss().options();
    LossInputs inputs = LossInputs.hidden(matrix(data.student().hidden(), c.features(), layout.student()).view(),
        head(data.student(), layout.student()));
    if (c.hasTeacherStates()) {
      inputs = inputs.withTeacher(Teacher.hidden(
          matrix(data.teacher().hidden(), c.teacherFeatures(), layout.teacher()).view(),
          head(data.teacher(), layout.teacher())));
    } else if (c.loss().loss().softWeight() > 0) {
      inputs = inputs.withTeacher(Teacher.logits(
          matrix(data.rows().teacher(), layout.teacherColumns(), layout.teacher()).view()));
    }
    double[] labels = data.rows().labels();
    double[] weights = data.rows().weights();
    double[] temperatures = data.rows().temperatures();
    return options.divided(inputs, arena).withGradientScale(options.gradientScale())
        .withLabels(labels == null ? null : vector(labels, layout.labels()).rowVector())
        .withRowWeights(weights == null ? null : vector(weights, DType.F32).rowVector())
        .withRowTemperatures(temperatures == null ? null : vector(temperatures, DType.F32).rowVector());
  }

  private LinearHead head(Factors factors, DType dtype) {
    LinearHead head = LinearHead.of(matrix(factors.weight(), factors.features(), dtype).view());
    return c.hasBias() ? head.withBias(matrix(factors.bias(), factors.columns(), dtype).view()) : head;
  }

  private GuardedTensor matrix(double[] values, int columns, DType dtype) {
    GuardedTensor tensor = GuardedTensor.matrix(arena, values.length / columns, columns, layout, dtype).fill(values);
    read.add(tensor);
    return tensor;
  }

  private GuardedTensor vector(double[] values, DType dtype) {
    GuardedTensor tensor = GuardedTensor.vector(arena, values.length, layout, dtype).fill(values);
    read.add(tensor);
    return tensor;
  }

  private GuardedTensor output(int rows, int columns) {
    GuardedTensor tensor = GuardedTensor.matrix(arena, rows, columns, layout, c.gradient());
    if (!added()) {
      return snapshot(tensor);
    }
    written.add(tensor.fill(IntStream.range(0, rows * columns).mapToDouble(CaseData::initialGradient).toArray()));
    return tensor;
  }

  private GuardedTensor snapshot(GuardedTensor tensor) {
    written.add(tensor.fillNaN());
    return tensor;
  }

  private boolean added() {
    return c.loss().options().has(Given.ADDED);
  }

  private List<String> damage() {
    List<String> found = new ArrayList<>();
    if (!read.stream().allMatch(GuardedTensor::isUntouched)) {
      found.add("an input was changed");
    }
    if (!written.stream().allMatch(GuardedTensor::isIntact)) {
      found.add("bytes around an output were written");
    }
    return found;
  }

  @Override
  public void close() {
    arena.close();
  }
}
