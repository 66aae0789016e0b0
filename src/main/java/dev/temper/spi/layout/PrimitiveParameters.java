package dev.temper.spi.layout;

import dev.temper.MatrixView;
import dev.temper.RowVector;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of softmax, log-softmax and argmax: {@code temper::PrimitiveParameters} of {@code
 * kernels/parameters.h}, which documents the fields.
 */
public final class PrimitiveParameters extends ParameterBlock<PrimitiveParameters.Field> {

  /** The fields in their order. Addresses are of the device that computes; 0 means absent. */
  public enum Field implements StructField {
    INPUT(Type.INT64),
    UPSTREAM(Type.INT64),
    OUTPUT(Type.INT64),
    HEAD_FACTORS(Type.INT64),
    ROWS(Type.INT64),
    INPUT_STRIDE(Type.INT64),
    UPSTREAM_STRIDE(Type.INT64),
    OUTPUT_STRIDE(Type.INT64),
    CLASSES(Type.INT32),
    OUTPUT_WIDTH(Type.INT32),
    INDEX_BYTES(Type.INT32),
    INPUT_DTYPE(Type.INT32),
    UPSTREAM_DTYPE(Type.INT32),
    OUTPUT_DTYPE(Type.INT32),
    PRIMITIVE(Type.INT32),
    TEMPERATURE(Type.FLOAT32);

    private final Type type;

    Field(Type type) {
      this.type = type;
    }

    @Override
    public Type type() {
      return type;
    }
  }

  /** Row operations beside the loss, in the order of {@code temper::PrimitiveKind}. */
  public enum Primitive {
    /** {@code softmax(x)}. */
    SOFTMAX,
    /** {@code log softmax(x/T)}. */
    LOG_SOFTMAX,
    /** {@code (g - softmax(x/T) sum g)/T}. */
    LOG_SOFTMAX_BACKWARD,
    /** Index of the largest logit. */
    ARGMAX
  }

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT = StructField.struct(Field.values());

  private static final Map<Field, Long> OFFSETS = StructField.offsets(Field.class);

  /**
   * Wraps a block of {@link #LAYOUT} that holds zeros.
   *
   * @param block memory that stays allocated as long as the parameters are used
   */
  public PrimitiveParameters(MemorySegment block) {
    super(block, OFFSETS);
  }

  /**
   * Writes all fields of a call except the addresses.
   *
   * @param upstream gradient with respect to the log-probabilities, for the backward pass only
   * @param output output of all primitives except argmax
   * @param indices output of argmax
   */
  public void write(Primitive primitive, MatrixView logits, double temperature, @Nullable MatrixView upstream,
      @Nullable MatrixView output, @Nullable RowVector indices) {
    setInt(Field.PRIMITIVE, List.of(Primitive.values()).indexOf(primitive));
    set(Field.ROWS, logits.rows());
    setInt(Field.CLASSES, logits.classes());
    setMatrix(Field.INPUT_STRIDE, Field.INPUT_DTYPE, logits);
    setMatrix(Field.UPSTREAM_STRIDE, Field.UPSTREAM_DTYPE, upstream);
    setMatrix(Field.OUTPUT_STRIDE, Field.OUTPUT_DTYPE, output);
    setInt(Field.OUTPUT_WIDTH, output == null ? 0 : output.classes());
    setInt(Field.INDEX_BYTES, indices == null ? 0 : indices.dtype().bytes());
    setFloat(Field.TEMPERATURE, temperature);
  }
}
