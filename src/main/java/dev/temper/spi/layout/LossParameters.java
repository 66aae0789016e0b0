package dev.temper.spi.layout;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.Teacher;
import dev.temper.spi.LossCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.Map;

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

  void setInt(Field field, int element, int value) {
    block().set(JAVA_INT, at(field) + (long) element * Integer.BYTES, value);
  }

  void setFloat(Field field, int element, double value) {
    block().set(JAVA_FLOAT, at(field) + (long) element * Float.BYTES, (float) value);
  }

  /**
   * Writes all fields of a call except the addresses and the number of its divergence in the list of the native code.
   */
  public void write(LossCall call) {
    new LossParametersWriter(this).write(call);
  }
}
