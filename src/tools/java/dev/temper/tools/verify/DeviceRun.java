package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowOutput;
import dev.temper.RowStatistics;
import dev.temper.Teacher;
import dev.temper.tools.verify.RowOptions.Given;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The tensors of one case in memory, and the call of the engine. */
final class DeviceRun implements AutoCloseable {

  private final Case c;
  private final Arena arena = Arena.ofConfined();
  private final GuardedTensor student;
  private final GuardedTensor teacher;
  private final List<GuardedTensor> given = new ArrayList<>();
  private final Teacher ofLoss;
  private final @Nullable GuardedTensor labels;
  private final @Nullable GuardedTensor weights;
  private final @Nullable GuardedTensor temperatures;
  private final GuardedTensor gradient;
  private final Map<RowOutput, GuardedTensor> rowOutputs = new EnumMap<>(RowOutput.class);

  DeviceRun(Case c, CaseData data) {
    this.c = c;
    Layout layout = c.layout();
    int rows = layout.rows();
    student = logits(layout.studentColumns(), layout.student(), Given.REPEATED_STUDENT).fill(data.student());
    teacher = logits(layout.teacherColumns(), layout.teacher(), Given.REPEATED_TEACHER).fill(data.teacher());
    if (c.loss().softWeight() == 0) {
      teacher.fillNaN(); // an input that must not be read
    }
    ofLoss = c.options().teacher() == TeacherKind.LOGITS || !c.method().isLoss() ? Teacher.logits(teacher.view())
        : GivenTeacher.of(c, data).in(arena, given);
    labels = vector(data.labels(), layout.labels());
    weights = vector(data.weights(), DType.F32);
    temperatures = vector(data.temperatures(), DType.F32);
    gradient = c.options().inPlace()
        ? student
        : GuardedTensor.matrix(arena, rows, layout.studentColumns(), layout, layout.gradient()).fillNaN();
    if (c.options().has(Given.ADDED)) {
      gradient.fill(IntStream.range(0, rows * layout.studentColumns()).mapToDouble(CaseData::initialGradient)
          .toArray());
    }
    for (RowOutput output : RowOutput.values()) {
      boolean isWanted = switch (output) {
        case SOFT, HARD -> true;
        case LABEL_LOG_PROB -> c.options().has(Given.ROW_OUTPUTS) && c.options().labels();
        case STUDENT_ENTROPY -> c.options().has(Given.ROW_OUTPUTS);
        case STUDENT_MASS, TEACHER_MASS -> false;
        case UNMAPPED_MASS -> c.options().has(Given.ROW_OUTPUTS)
            && c.options().teacher() == TeacherKind.CLASS_MAP && c.loss().softWeight() > 0;
        case TEACHER_ENTROPY -> c.options().has(Given.ROW_OUTPUTS) && c.loss().softWeight() > 0;
      };
      if (isWanted) {
        rowOutputs.put(output, GuardedTensor.vector(arena, rows, layout, DType.F32).fillNaN());
      }
    }
  }

  private GuardedTensor logits(int columns, DType dtype, Given repeated) {
    Layout layout = c.layout();
    return c.options().has(repeated) ? GuardedTensor.repeatedRow(arena, layout.rows(), columns, layout, dtype)
        : GuardedTensor.matrix(arena, layout.rows(), columns, layout, dtype);
  }

  static Observed run(LossEngine engine, Case c, CaseData data) {
    try (DeviceRun run = new DeviceRun(c, data)) {
      return run.on(engine);
    }
  }

  Observed on(LossEngine engine) {
    return switch (c.method()) {
      case FORWARD -> {
        LossTotals totals = engine.forward(c.loss(), inputs(), withRows(LossOutputs.none())).totals();
        yield new Observed(totals, rows(), null, damage(false));
      }
      case FORWARD_BACKWARD -> {
        LossTotals totals = engine.forwardBackward(c.loss(), inputs(), withRows(gradientOutput())).totals();
        yield new Observed(totals, rows(), gradient.read(), damage(true));
      }
      case BACKWARD -> {
        LossInputs inputs = inputs();
        try (RowStatistics statistics = engine.allocateStatistics(c.layout().rows())) {
          engine.forward(c.loss(), inputs, LossOutputs.none().withStatistics(statistics)).totals();
          engine.backward(c.loss(), inputs, statistics, gradientOutput());
        }
        yield new Observed(null, Map.of(), gradient.read(), damage(true));
      }
      case LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD, SOFTMAX,
          ARGMAX -> new Observed(null, Map.of(), primitive(engine), damage(true));
    };
  }

  /** The outputs that a refused call has changed. */
  List<String> touched() {
    List<String> found = new ArrayList<>();
    add(found, gradient.isUntouched(), "gradient was written");
    rowOutputs.forEach((output, values) -> add(found, values.isUntouched(), output.tensor() + " was written"));
    return found;
  }

  @Override
  public void close() {
    arena.close();
  }

  private double[] primitive(LossEngine engine) {
    double temperature = c.loss().temperature();
    switch (c.method()) {
      case LOG_SOFTMAX -> engine.logSoftmax(student.view(), temperature, gradient.view());
      case LOG_SOFTMAX_BACKWARD -> engine.logSoftmaxBackward(student.view(), temperature, teacher.view(),
          gradient.view());
      case SOFTMAX -> engine.softmax(student.view(), gradient.view());
      case ARGMAX -> {
        GuardedTensor indices = GuardedTensor.vector(arena, c.layout().rows(), c.layout(), c.layout().labels())
            .fillNaN();
        engine.argmax(student.view(), indices.rowVector());
        return indices.read();
      }
      case FORWARD, FORWARD_BACKWARD, BACKWARD -> throw new IllegalStateException(c.method() + " is not a primitive");
    }
    return gradient.read();
  }

  /** The inputs. For a loss without a soft part, a forward pass has no teacher, other passes have one full of NaN. */
  private LossInputs inputs() {
    LossInputs inputs = LossInputs.of(student.view()).withGradientScale(c.options().gradientScale());
    if (c.loss().softWeight() > 0 || c.method() != EngineMethod.FORWARD) {
      inputs = inputs.withTeacher(ofLoss);
    }
    return c.options().divided(inputs, arena)
        .withLabels(labels == null ? null : labels.rowVector())
        .withRowWeights(weights == null ? null : weights.rowVector())
        .withRowTemperatures(temperatures == null ? null : temperatures.rowVector());
  }

  private LossOutputs withRows(LossOutputs outputs) {
    LossOutputs all = outputs;
    for (Map.Entry<RowOutput, GuardedTensor> row : rowOutputs.entrySet()) {
      all = all.withRow(row.getKey(), row.getValue().rowVector());
    }
    return c.options().has(Given.TEMPERATURE_GRADIENT) ? all.withTemperatureGradient() : all;
  }

  private Map<RowOutput, double[]> rows() {
    Map<RowOutput, double[]> rows = new EnumMap<>(RowOutput.class);
    rowOutputs.forEach((output, values) -> rows.put(output, values.read()));
    return rows;
  }

  private LossOutputs gradientOutput() {
    if (c.options().has(Given.ADDED)) {
      return LossOutputs.gradientAddedTo(gradient.view());
    }
    return c.options().inPlace() ? LossOutputs.gradientInPlace(student.view()) : LossOutputs.gradient(gradient.view());
  }

  private List<String> damage(boolean writesGradient) {
    List<String> found = new ArrayList<>();
    add(found, c.options().inPlace() || student.isUntouched(), "student logits were changed");
    add(found, teacher.isUntouched(), "teacher logits were changed");
    add(found, given.stream().allMatch(GuardedTensor::isUntouched), "a tensor of the teacher was changed");
    add(found, labels == null || labels.isUntouched(), "labels were changed");
    add(found, weights == null || weights.isUntouched(), "row weights were changed");
    add(found, temperatures == null || temperatures.isUntouched(), "row temperatures were changed");
    add(found, writesGradient ? gradient.isIntact() : gradient.isUntouched(), "bytes around the gradient were written");
    rowOutputs.forEach((output, values) ->
        add(found, values.isIntact(), "bytes around " + output.tensor() + " were written"));
    return found;
  }

  private static void add(List<String> found, boolean holds, String otherwise) {
    if (!holds) {
      found.add(otherwise);
    }
  }

  private @Nullable GuardedTensor vector(double @Nullable [] values, DType dtype) {
    return values == null ? null : GuardedTensor.vector(arena, values.length, c.layout(), dtype).fill(values);
  }
}
