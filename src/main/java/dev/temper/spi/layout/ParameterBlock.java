package dev.temper.spi.layout;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.DType;
import dev.temper.MatrixView;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A block of memory with the fields of a C struct.
 *
 * @param <F> the fields of the struct
 */
public abstract sealed class ParameterBlock<F extends Enum<F> & StructField>
    permits LossParameters, PrimitiveParameters, TopKParameters {

  private final MemorySegment block;
  private final Map<F, Long> offsets;

  /**
   * Wraps a block that holds zeros.
   *
   * @param block memory of the struct, which stays allocated as long as the parameters are used
   * @param offsets offset of each field in bytes
   */
  ParameterBlock(MemorySegment block, Map<F, Long> offsets) {
    this.block = block;
    this.offsets = offsets;
  }

  /** Returns the block. */
  public final MemorySegment block() {
    return block;
  }

  /** Sets an address or another 64-bit integer. */
  public final void set(F field, long value) {
    block.set(JAVA_LONG, at(field), value);
  }

  /** Sets a 32-bit integer. */
  public final void setInt(F field, int value) {
    block.set(JAVA_INT, at(field), value);
  }

  /** Sets a 64-bit floating-point number. */
  public final void setDouble(F field, double value) {
    block.set(JAVA_DOUBLE, at(field), value);
  }

  final void setFloat(F field, double value) {
    block.set(JAVA_FLOAT, at(field), (float) value);
  }

  /** Sets row stride and dtype of a matrix; both stay 0 without a matrix. */
  final void setMatrix(F stride, F dtype, @Nullable MatrixView matrix) {
    if (matrix != null) {
      set(stride, matrix.rowStride());
      setInt(dtype, code(matrix.dtype()));
    }
  }

  /** Returns the offset of a field in bytes. */
  final long at(F field) {
    return Objects.requireNonNull(offsets.get(field));
  }

  /** Returns the code of {@code temper::DTypeCode}. */
  public static int code(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case I32, I64 -> throw new IllegalArgumentException(dtype + " is not a dtype of logits");
    };
  }
}
