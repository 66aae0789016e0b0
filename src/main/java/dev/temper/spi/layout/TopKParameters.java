package dev.temper.spi.layout;

import dev.temper.MatrixView;
import dev.temper.TopKLists;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.Map;

/**
 * The parameters of the kernel that computes lists of the most probable classes: {@code temper::TopKParameters} of
 * {@code kernels/parameters.h}, which documents the fields.
 */
public final class TopKParameters extends ParameterBlock<TopKParameters.Field> {

  /** The fields in their order. */
  public enum Field implements StructField {
    LOGITS(Type.INT64),
    IDS(Type.INT64),
    LOG_PROBS(Type.INT64),
    LOG_SUM_EXP(Type.INT64),
    MASS(Type.INT64),
    LOG_TAIL(Type.INT64),
    ROWS(Type.INT64),
    STRIDE(Type.INT64),
    CLASSES(Type.INT32),
    K(Type.INT32),
    INVERSE_TEMPERATURE(Type.FLOAT32),
    RESERVED(Type.INT32);

    private final Type type;

    Field(Type type) {
      this.type = type;
    }

    @Override
    public Type type() {
      return type;
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
  public TopKParameters(MemorySegment block) {
    super(block, OFFSETS);
  }

  /** Writes all fields of a call except the addresses. */
  public void write(MatrixView logits, TopKLists into) {
    set(Field.ROWS, logits.rows());
    set(Field.STRIDE, logits.rowStride());
    setInt(Field.CLASSES, logits.classes());
    setInt(Field.K, into.ids().k());
    setFloat(Field.INVERSE_TEMPERATURE, 1 / into.temperature());
  }
}
