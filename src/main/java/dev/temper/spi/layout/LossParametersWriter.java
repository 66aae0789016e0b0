package dev.temper.spi.layout;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.MatrixView;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.SoftValue;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import dev.temper.spi.LossCall;
import dev.temper.spi.MixedTeachers;
import dev.temper.spi.TeacherForm;
import dev.temper.spi.TeacherLists;
import dev.temper.spi.layout.LossParameters.Field;
import org.jspecify.annotations.Nullable;

/**
 * Writes the options of a loss, and shapes, dtypes and strides of its tensors, to the fields of {@link LossParameters}.
 */
final class LossParametersWriter {

  private static final int DIVISOR_GIVEN = 0;
  private static final int DIVISOR_LABELLED_ROWS = 1;
  private static final int DIVISOR_ON_DEVICE = 2;

  private static final Divisor SOFT_DIVISOR_FIELDS = new Divisor(Field.SOFT_DIVISOR_KIND, Field.SOFT_DIVISOR);
  private static final Divisor HARD_DIVISOR_FIELDS = new Divisor(Field.HARD_DIVISOR_KIND, Field.HARD_DIVISOR);

  private final LossParameters to;

  /** The fields of one part's divisor. */
  private record Divisor(Field kind, Field given) {}

  LossParametersWriter(LossParameters to) {
    this.to = to;
  }

  /** See {@link LossParameters#write}. */
  void write(LossCall call) {
    DistillationLoss loss = call.loss();
    LossInputs inputs = call.inputs();
    MatrixView student = inputs.student();
    MatrixView gradient = call.outputs().gradient();
    MatrixView statistics = call.anyStatistics();
    to.set(Field.ROWS, student.rows());
    to.setMatrix(Field.STUDENT_STRIDE, Field.STUDENT_DTYPE, student);
    to.setMatrix(Field.TEACHER_STRIDE, Field.TEACHER_DTYPE, call.teacherMatrix());
    to.setMatrix(Field.GRADIENT_STRIDE, Field.GRADIENT_DTYPE, gradient);
    to.set(Field.STATISTICS_STRIDE, statistics == null ? 0 : statistics.rowStride());
    to.set(Field.IGNORE_INDEX, loss.ignoreIndex());
    to.setDouble(Field.SOFT_WEIGHT, loss.softWeight());
    to.setDouble(Field.HARD_WEIGHT, loss.hardWeight());
    boolean hardScope = loss.ignoreScope() == IgnoreScope.HARD;
    writeDivisor(SOFT_DIVISOR_FIELDS, loss.reduction(), inputs.softDenominator(), student.rows(), !hardScope);
    writeDivisor(HARD_DIVISOR_FIELDS, loss.reduction(), inputs.hardDenominator(), student.rows(), true);
    to.setDouble(Field.GRADIENT_SCALE, inputs.gradientScale());
    to.setInt(Field.CLASSES, call.classes());
    to.setInt(Field.GRADIENT_WIDTH, gradient == null ? 0 : gradient.classes());
    RowVector labels = inputs.labels();
    to.setInt(Field.LABEL_BYTES, labels == null ? DType.I64.bytes() : labels.dtype().bytes());
    to.setInt(Field.PASS, Pass.of(call).code());
    to.setInt(Field.TEMPERATURE_GRADIENT, temperatureGradient(call));
    to.setInt(Field.IGNORE_SCOPE, hardScope ? 1 : 0);
    to.setInt(Field.ACCUMULATE, call.outputs().addsToGradient() ? 1 : 0);
    to.setInt(Field.STANDARDISE, loss.standardise() ? 1 : 0);
    to.setInt(Field.SOFT_CROSS_ENTROPY, loss.softValue() == SoftValue.CROSS_ENTROPY ? 1 : 0);
    to.setInt(Field.TEMPERATURE_SCALING, loss.temperatureScaling() ? 1 : 0);
    to.setInt(Field.TEMPERED, 1);
    to.setFloat(Field.TEMPERATURE, loss.temperature());
    to.setFloat(Field.TEACHER_TEMPERATURE, loss.teacherTemperature().orElse(loss.temperature()));
    to.setFloat(Field.LABEL_SMOOTHING, loss.labelSmoothing());
    to.setFloat(Field.Z_LOSS, loss.zLoss());
    to.setFloat(Field.STUDENT_SOFTCAP, loss.softcap().orElse(0));
    to.setFloat(Field.TEACHER_SOFTCAP, loss.teacherSoftcap().orElse(0));
    if (call.usesTeacher()) {
      writeDivergence(loss.divergence());
    }
    if (call.usesTeacher() && inputs.teacher() != null) {
      writeTeacher(loss, inputs.teacher());
    }
    TeacherLists lists = call.teacherLists();
    if (lists != null) {
      to.setInt(Field.TEACHER_SLOTS, lists.ids().k());
      to.setInt(Field.TEACHER_TAIL, code(lists.tail()));
      to.setInt(Field.TEACHER_WEIGHTS, lists.weights() ? 1 : 0);
      to.setFloat(Field.TEACHER_LIST_TEMPERATURE, lists.temperature().orElse(0));
    }
  }

  private void writeTeacher(DistillationLoss loss, Teacher teacher) {
    to.setInt(Field.TEACHER_FORM, TeacherForm.of(teacher).code());
    switch (teacher) {
      case Teacher.RowIndex selected -> to.set(Field.TEACHER_ROWS, selected.logits().rows());
      case Teacher.ClassMap mapped -> to.setInt(Field.TEACHER_COLUMNS, mapped.logits().classes());
      case Teacher.Mixture mixture -> {
        writeMixture(MixedTeachers.of(mixture));
        to.setFloat(Field.MIXTURE_TEMPERATURE, loss.teacherTemperature().orElse(loss.temperature()));
        to.setFloat(Field.MIXTURE_SOFTCAP, loss.teacherSoftcap().orElse(0));
        to.setFloat(Field.TEACHER_SOFTCAP, 0);
        to.setFloat(Field.TEACHER_TEMPERATURE, 1);
      }
      case Teacher.LogProbabilities _, Teacher.Probabilities _ -> to.setFloat(Field.TEACHER_TEMPERATURE, 1);
      case Teacher.Logits _, Teacher.Hidden _, Teacher.Sampled _, TopKTeacher _ -> { }
    }
  }

  private void writeMixture(MixedTeachers teachers) {
    to.setInt(Field.MIXTURE_COUNT, teachers.logits().size());
    for (int m = 0; m < teachers.logits().size(); m++) {
      MatrixView logits = teachers.logits().get(m);
      to.set(Field.MIXTURE_STRIDES, m, logits.rowStride());
      to.setInt(Field.MIXTURE_DTYPES, m, ParameterBlock.code(logits.dtype()));
      to.setFloat(Field.MIXTURE_WEIGHTS, m, teachers.weights().get(m));
    }
  }

  private void writeDivergence(Divergence divergence) {
    DivergencePolicy policy = DivergencePolicy.of(divergence);
    if (!policy.tempered()) {
      to.setInt(Field.TEMPERED, 0);
      to.setInt(Field.TEMPERATURE_SCALING, 0);
    }
    to.setFloat(Field.DIVERGENCE_PARAMETER, policy.parameter());
    to.setFloat(Field.DIVERGENCE_COMPLEMENT, policy.complement());
  }

  /**
   * Writes the divisor of a part.
   *
   * @param labelled whether the mean of the part is over the labelled rows, which the native code counts
   */
  private void writeDivisor(Divisor part, Reduction reduction, @Nullable Denominator denominator, long rows,
      boolean labelled) {
    boolean mean = reduction == Reduction.MEAN || reduction == Reduction.BATCH_MEAN;
    double number = mean ? rows : 1;
    int kind = reduction == Reduction.MEAN && labelled ? DIVISOR_LABELLED_ROWS : DIVISOR_GIVEN;
    switch (denominator) {
      case null -> { }
      case Denominator.Value(double value) -> {
        number = value;
        kind = DIVISOR_GIVEN;
      }
      case Denominator.InMemory _ -> kind = DIVISOR_ON_DEVICE;
    }
    to.setInt(part.kind(), kind);
    to.setDouble(part.given(), number);
  }

  /** Returns the code of {@code temper::TeacherTail}. */
  private static int code(Tail tail) {
    return switch (tail) {
      case TRUNCATE -> 0;
      case RENORMALISE_TEACHER -> 1;
      case RENORMALISE_BOTH -> 2;
      case BUCKET -> 3;
    };
  }

  /** Returns the code of {@code temper::TemperatureGradient}. */
  private static int temperatureGradient(LossCall call) {
    return !call.outputs().temperatureGradient() ? 0 : call.loss().teacherTemperature().isEmpty() ? 1 : 2;
  }
}
