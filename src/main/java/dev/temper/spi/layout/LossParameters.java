package dev.temper.spi.layout;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

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
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a loss: {@code temper::LossParameters} of {@code kernels/parameters.h}, which documents the fields.
 * A test compares sizes and offsets with the C++ compiler's.
 */
public final class LossParameters extends ParameterBlock<LossParameters.Field> {

  /** The fields in their order. Addresses are of the device that computes; 0 means absent. */
  public enum Field implements StructField {
    STUDENT(Type.INT64),
    TEACHER(Type.INT64),
    GRADIENT(Type.INT64),
    LABELS(Type.INT64),
    ROW_WEIGHTS(Type.INT64),
    ROW_TEMPERATURES(Type.INT64),
    SOFT_DENOMINATOR(Type.INT64),
    HARD_DENOMINATOR(Type.INT64),
    ROW_SOFT(Type.INT64),
    ROW_HARD(Type.INT64),
    ROW_LABEL_LOG_PROB(Type.INT64),
    ROW_STUDENT_ENTROPY(Type.INT64),
    ROW_TEACHER_ENTROPY(Type.INT64),
    TEACHER_IDS(Type.INT64),
    TEACHER_LOG_TAIL(Type.INT64),
    ROW_STUDENT_MASS(Type.INT64),
    ROW_TEACHER_MASS(Type.INT64),
    TEACHER_ROW_INDEX(Type.INT64),
    CLASS_MAP(Type.INT64),
    COLUMNS_TAKEN(Type.INT64),
    ROW_UNMAPPED_MASS(Type.INT64),
    MIXTURE_LOGITS(Type.INT64, Teacher.MOST_MIXED),
    ROW_TEMPERATURE_GRADIENT(Type.INT64),
    STATISTICS(Type.INT64),
    STATUS(Type.INT64),
    REPORT(Type.INT64),
    FINISHED_BLOCKS(Type.INT64),
    PARTS(Type.INT64),
    HEAD_FACTORS(Type.INT64),
    ROWS(Type.INT64),
    FIRST_ROW(Type.INT64),
    STUDENT_STRIDE(Type.INT64),
    TEACHER_STRIDE(Type.INT64),
    GRADIENT_STRIDE(Type.INT64),
    STATISTICS_STRIDE(Type.INT64),
    MIXTURE_STRIDES(Type.INT64, Teacher.MOST_MIXED),
    TEACHER_ROWS(Type.INT64),
    IGNORE_INDEX(Type.INT64),
    LIST_MASK_OFFSET(Type.INT64),
    SINGLE_LAUNCH(Type.INT64),
    SOFT_WEIGHT(Type.FLOAT64),
    HARD_WEIGHT(Type.FLOAT64),
    SOFT_DIVISOR(Type.FLOAT64),
    HARD_DIVISOR(Type.FLOAT64),
    GRADIENT_SCALE(Type.FLOAT64),
    FACTOR_POWER(Type.FLOAT64),
    CLASSES(Type.INT32),
    GRADIENT_WIDTH(Type.INT32),
    LABEL_BYTES(Type.INT32),
    SOFT_DIVISOR_KIND(Type.INT32),
    HARD_DIVISOR_KIND(Type.INT32),
    IGNORE_SCOPE(Type.INT32),
    TEMPERATURE_SCALING(Type.INT32),
    TEMPERED(Type.INT32),
    ACCUMULATE(Type.INT32),
    STANDARDISE(Type.INT32),
    SOFT_CROSS_ENTROPY(Type.INT32),
    STUDENT_DTYPE(Type.INT32),
    TEACHER_DTYPE(Type.INT32),
    GRADIENT_DTYPE(Type.INT32),
    DIVERGENCE(Type.INT32),
    PASS(Type.INT32),
    TEMPERATURE_GRADIENT(Type.INT32),
    TEACHER_SLOTS(Type.INT32),
    TEACHER_TAIL(Type.INT32),
    TEACHER_WEIGHTS(Type.INT32),
    TEACHER_FORM(Type.INT32),
    TEACHER_COLUMNS(Type.INT32),
    MIXTURE_COUNT(Type.INT32),
    MIXTURE_DTYPES(Type.INT32, Teacher.MOST_MIXED),
    MIXTURE_WEIGHTS(Type.FLOAT32, Teacher.MOST_MIXED),
    MIXTURE_TEMPERATURE(Type.FLOAT32),
    MIXTURE_SOFTCAP(Type.FLOAT32),
    TEACHER_LIST_TEMPERATURE(Type.FLOAT32),
    TEMPERATURE(Type.FLOAT32),
    TEACHER_TEMPERATURE(Type.FLOAT32),
    LABEL_SMOOTHING(Type.FLOAT32),
    Z_LOSS(Type.FLOAT32),
    STUDENT_SOFTCAP(Type.FLOAT32),
    TEACHER_SOFTCAP(Type.FLOAT32),
    DIVERGENCE_PARAMETER(Type.FLOAT32),
    DIVERGENCE_COMPLEMENT(Type.FLOAT32);

    private final Type type;
    private final int count;

    Field(Type type) {
      this(type, 1);
    }

    Field(Type type, int count) {
      this.type = type;
      this.count = count;
    }

    @Override
    public Type type() {
      return type;
    }

    @Override
    public int count() {
      return count;
    }
  }

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT = StructField.struct(Field.values());

  private static final Map<Field, Long> OFFSETS = StructField.offsets(Field.class);

  private static final int DIVISOR_GIVEN = 0;
  private static final int DIVISOR_LABELLED_ROWS = 1;
  private static final int DIVISOR_ON_DEVICE = 2;

  private static final Divisor SOFT_DIVISOR_FIELDS = new Divisor(Field.SOFT_DIVISOR_KIND, Field.SOFT_DIVISOR);
  private static final Divisor HARD_DIVISOR_FIELDS = new Divisor(Field.HARD_DIVISOR_KIND, Field.HARD_DIVISOR);

  /** The fields of one part's divisor. */
  private record Divisor(Field kind, Field given) {}

  /**
   * Wraps a block of {@link #LAYOUT} that holds zeros.
   *
   * @param block memory that stays allocated as long as the parameters are used
   */
  public LossParameters(MemorySegment block) {
    super(block, OFFSETS);
  }

  /** Sets an element of an array of addresses or of other 64-bit integers. */
  public void set(Field field, int element, long value) {
    block().set(JAVA_LONG, at(field) + (long) element * Long.BYTES, value);
  }

  /**
   * Writes all fields of a call except the addresses and the number of its divergence in the list of the native code.
   */
  public void write(LossCall call) {
    DistillationLoss loss = call.loss();
    LossInputs inputs = call.inputs();
    MatrixView student = inputs.student();
    MatrixView gradient = call.outputs().gradient();
    MatrixView statistics = call.savedStatistics() != null ? call.savedStatistics() : call.statistics();
    set(Field.ROWS, student.rows());
    setMatrix(Field.STUDENT_STRIDE, Field.STUDENT_DTYPE, student);
    setMatrix(Field.TEACHER_STRIDE, Field.TEACHER_DTYPE, call.teacherMatrix());
    setMatrix(Field.GRADIENT_STRIDE, Field.GRADIENT_DTYPE, gradient);
    set(Field.STATISTICS_STRIDE, statistics == null ? 0 : statistics.rowStride());
    set(Field.IGNORE_INDEX, loss.ignoreIndex());
    setDouble(Field.SOFT_WEIGHT, loss.softWeight());
    setDouble(Field.HARD_WEIGHT, loss.hardWeight());
    boolean hardScope = loss.ignoreScope() == IgnoreScope.HARD;
    writeDivisor(SOFT_DIVISOR_FIELDS, loss.reduction(), inputs.softDenominator(), student.rows(), !hardScope);
    writeDivisor(HARD_DIVISOR_FIELDS, loss.reduction(), inputs.hardDenominator(), student.rows(), true);
    setDouble(Field.GRADIENT_SCALE, inputs.gradientScale());
    setInt(Field.CLASSES, call.classes());
    setInt(Field.GRADIENT_WIDTH, gradient == null ? 0 : gradient.classes());
    RowVector labels = inputs.labels();
    setInt(Field.LABEL_BYTES, labels == null ? DType.I64.bytes() : labels.dtype().bytes());
    setInt(Field.PASS, pass(call));
    setInt(Field.TEMPERATURE_GRADIENT, temperatureGradient(call));
    setInt(Field.IGNORE_SCOPE, hardScope ? 1 : 0);
    setInt(Field.ACCUMULATE, call.outputs().addsToGradient() ? 1 : 0);
    setInt(Field.STANDARDISE, loss.standardise() ? 1 : 0);
    setInt(Field.SOFT_CROSS_ENTROPY, loss.softValue() == SoftValue.CROSS_ENTROPY ? 1 : 0);
    setInt(Field.TEMPERATURE_SCALING, loss.temperatureScaling() ? 1 : 0);
    setInt(Field.TEMPERED, 1);
    setFloat(Field.TEMPERATURE, loss.temperature());
    setFloat(Field.TEACHER_TEMPERATURE, loss.teacherTemperature().orElse(loss.temperature()));
    setFloat(Field.LABEL_SMOOTHING, loss.labelSmoothing());
    setFloat(Field.Z_LOSS, loss.zLoss());
    setFloat(Field.STUDENT_SOFTCAP, loss.softcap().orElse(0));
    setFloat(Field.TEACHER_SOFTCAP, loss.teacherSoftcap().orElse(0));
    if (call.usesTeacher()) {
      writeDivergence(loss.divergence());
    }
    if (call.usesTeacher() && inputs.teacher() != null) {
      writeTeacher(loss, inputs.teacher());
    }
    TeacherLists lists = call.teacherLists();
    if (lists != null) {
      setInt(Field.TEACHER_SLOTS, lists.ids().k());
      setInt(Field.TEACHER_TAIL, code(lists.tail()));
      setInt(Field.TEACHER_WEIGHTS, lists.weights() ? 1 : 0);
      setFloat(Field.TEACHER_LIST_TEMPERATURE, lists.temperature().orElse(0));
    }
  }

  private void writeTeacher(DistillationLoss loss, Teacher teacher) {
    setInt(Field.TEACHER_FORM, TeacherForm.of(teacher).code());
    switch (teacher) {
      case Teacher.RowIndex selected -> set(Field.TEACHER_ROWS, selected.logits().rows());
      case Teacher.ClassMap mapped -> setInt(Field.TEACHER_COLUMNS, mapped.logits().classes());
      case Teacher.Mixture mixture -> {
        writeMixture(MixedTeachers.of(mixture));
        setFloat(Field.MIXTURE_TEMPERATURE, loss.teacherTemperature().orElse(loss.temperature()));
        setFloat(Field.MIXTURE_SOFTCAP, loss.teacherSoftcap().orElse(0));
        setFloat(Field.TEACHER_SOFTCAP, 0);
        setFloat(Field.TEACHER_TEMPERATURE, 1);
      }
      case Teacher.LogProbabilities _, Teacher.Probabilities _ -> setFloat(Field.TEACHER_TEMPERATURE, 1);
      case Teacher.Logits _, Teacher.Hidden _, Teacher.Sampled _, TopKTeacher _ -> { }
    }
  }

  private void writeMixture(MixedTeachers teachers) {
    setInt(Field.MIXTURE_COUNT, teachers.logits().size());
    for (int m = 0; m < teachers.logits().size(); m++) {
      MatrixView logits = teachers.logits().get(m);
      set(Field.MIXTURE_STRIDES, m, logits.rowStride());
      block().set(JAVA_INT, at(Field.MIXTURE_DTYPES) + (long) m * Integer.BYTES, code(logits.dtype()));
      block().set(JAVA_FLOAT, at(Field.MIXTURE_WEIGHTS) + (long) m * Float.BYTES, teachers.weights().get(m));
    }
  }

  private void writeDivergence(Divergence divergence) {
    DivergencePolicy policy = DivergencePolicy.of(divergence);
    if (!policy.tempered()) {
      setInt(Field.TEMPERED, 0);
      setInt(Field.TEMPERATURE_SCALING, 0);
    }
    setFloat(Field.DIVERGENCE_PARAMETER, policy.parameter());
    setFloat(Field.DIVERGENCE_COMPLEMENT, policy.complement());
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
    setInt(part.kind(), kind);
    setDouble(part.given(), number);
  }

  private static int pass(LossCall call) {
    return call.savedStatistics() != null ? 2 : call.outputs().gradient() != null ? 1 : 0;
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
