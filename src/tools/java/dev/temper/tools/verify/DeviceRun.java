package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowStatistics;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tensors of one case in memory, and the call of the engine. */
final class DeviceRun implements AutoCloseable {

  private final Case c;
  private final Arena arena = Arena.ofConfined();
  private final GuardedTensor student;
  private final GuardedTensor teacher;
  private final @Nullable GuardedTensor labels;
  private final @Nullable GuardedTensor weights;
  private final @Nullable GuardedTensor temperatures;
  private final GuardedTensor gradient;
  private final GuardedTensor rowSoft;
  private final GuardedTensor rowHard;

  DeviceRun(Case c, CaseData data) {
    this.c = c;
    Layout layout = c.layout();
    int rows = layout.rows();
    student = GuardedTensor.matrix(arena, rows, layout.studentColumns(), layout, layout.student()).fill(data.student());
    teacher = GuardedTensor.matrix(arena, rows, layout.teacherColumns(), layout, layout.teacher()).fill(data.teacher());
    if (c.loss().softWeight() == 0) {
      teacher.fillNaN(); // an input that must not be read
    }
    labels = vector(data.labels(), layout.labels());
    weights = vector(data.weights(), DType.F32);
    temperatures = vector(data.temperatures(), DType.F32);
    gradient = c.options().inPlace()
        ? student
        : GuardedTensor.matrix(arena, rows, layout.studentColumns(), layout, layout.gradient()).fillNaN();
    rowSoft = GuardedTensor.vector(arena, rows, layout, DType.F32).fillNaN();
    rowHard = GuardedTensor.vector(arena, rows, layout, DType.F32).fillNaN();
  }

  static Observed run(LossEngine engine, Case c, CaseData data) {
    try (DeviceRun run = new DeviceRun(c, data)) {
      return run.on(engine);
    }
  }

  Observed on(LossEngine engine) {
    return switch (c.method()) {
      case FORWARD -> {
        LossOutputs outputs = LossOutputs.none().withRowSoft(rowSoft.rowVector()).withRowHard(rowHard.rowVector());
        LossTotals totals = engine.forward(c.loss(), inputs(), outputs).totals();
        yield new Observed(totals, rowSoft.read(), rowHard.read(), null, damage(false));
      }
      case FORWARD_BACKWARD -> {
        LossOutputs outputs = gradientOutput().withRowSoft(rowSoft.rowVector()).withRowHard(rowHard.rowVector());
        LossTotals totals = engine.forwardBackward(c.loss(), inputs(), outputs).totals();
        yield new Observed(totals, rowSoft.read(), rowHard.read(), gradient.read(), damage(true));
      }
      case BACKWARD -> {
        LossInputs inputs = inputs();
        try (RowStatistics statistics = engine.allocateStatistics(c.layout().rows())) {
          engine.forward(c.loss(), inputs, LossOutputs.none().withStatistics(statistics)).totals();
          engine.backward(c.loss(), inputs, statistics, gradientOutput());
        }
        yield new Observed(null, null, null, gradient.read(), damage(true));
      }
      case LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD, SOFTMAX,
          ARGMAX -> new Observed(null, null, null, primitive(engine), damage(true));
    };
  }

  /** The outputs that a refused call has changed. */
  List<String> touched() {
    List<String> found = new ArrayList<>();
    add(found, gradient.isUntouched(), "gradient was written");
    add(found, rowSoft.isUntouched(), "row_soft was written");
    add(found, rowHard.isUntouched(), "row_hard was written");
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
      case FORWARD, FORWARD_BACKWARD, BACKWARD -> throw new IllegalStateException(c.method() + " is no primitive");
    }
    return gradient.read();
  }

  /** The inputs. For a loss without a soft part, a forward pass has no teacher, other passes have one full of NaN. */
  private LossInputs inputs() {
    LossInputs inputs = LossInputs.of(student.view()).withGradientScale(c.options().gradientScale());
    if (c.loss().softWeight() > 0 || c.method() != EngineMethod.FORWARD) {
      inputs = inputs.withTeacher(Teacher.logits(teacher.view()));
    }
    if (c.options().denominator().isPresent()) {
      inputs = inputs.withDenominator(c.options().denominator().getAsDouble());
    }
    return inputs
        .withLabels(labels == null ? null : labels.rowVector())
        .withRowWeights(weights == null ? null : weights.rowVector())
        .withRowTemperatures(temperatures == null ? null : temperatures.rowVector());
  }

  private LossOutputs gradientOutput() {
    return c.options().inPlace() ? LossOutputs.gradientInPlace(student.view()) : LossOutputs.gradient(gradient.view());
  }

  private List<String> damage(boolean writesGradient) {
    List<String> found = new ArrayList<>();
    add(found, c.options().inPlace() || student.isUntouched(), "student logits were changed");
    add(found, teacher.isUntouched(), "teacher logits were changed");
    add(found, labels == null || labels.isUntouched(), "labels were changed");
    add(found, weights == null || weights.isUntouched(), "row weights were changed");
    add(found, temperatures == null || temperatures.isUntouched(), "row temperatures were changed");
    add(found, writesGradient ? gradient.isIntact() : gradient.isUntouched(), "bytes around the gradient were written");
    add(found, rowSoft.isIntact(), "bytes around row_soft were written");
    add(found, rowHard.isIntact(), "bytes around row_hard were written");
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
