package dev.temper.emulator;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.spi.HostRows;
import dev.temper.spi.ProductShape;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Products on the emulator: plain loops with f32 accumulation in the order of the inner index. */
final class EmulatedProducts implements DeviceProducts {

  private final EmulatedMemory memory;

  EmulatedProducts(EmulatedMemory memory) {
    this.memory = memory;
  }

  @Override
  public String describe() {
    return "plain loops with f32 accumulation";
  }

  @Override
  public void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result) {
    ProductShape shape = ProductShape.of(left, right, result);
    if (shape.rows() == 0) {
      return;
    }
    int inner = Math.toIntExact(shape.inner());
    float[][] leftRows = rows(left, Math.toIntExact(shape.rows()), inner);
    float[][] rightRows = rows(right, inner, result.classes());
    HostMatrix written = onHost(result);
    float[] sums = new float[result.classes()];
    for (int row = 0; row < leftRows.length; row++) {
      Arrays.fill(sums, 0);
      for (int i = 0; i < inner; i++) {
        float factor = leftRows[row][i];
        for (int column = 0; column < sums.length; column++) {
          sums[column] += factor * rightRows[i][column];
        }
      }
      for (int column = 0; column < sums.length; column++) {
        float value = (float) alpha * sums[column];
        set(written, row, column,
            beta == 0 ? value : value + (float) beta * HostRows.element(written, row, column));
      }
    }
  }

  @Override
  public void multiply(RowVector.Device scalars, Operand left, Operand right, boolean adds, MatrixView result) {
    MemorySegment values = memory.at(scalars.address(), 3L * Float.BYTES);
    multiply(values.get(JAVA_FLOAT_UNALIGNED, 0), left, right,
        values.get(JAVA_FLOAT_UNALIGNED, (adds ? 2L : 1L) * Float.BYTES), result);
  }

  /** The factor's elements after its transposition. */
  private float[][] rows(Operand operand, int rows, int columns) {
    HostMatrix matrix = onHost(operand.matrix());
    float[][] values = new float[rows][columns];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        values[row][column] = operand.isTransposed() ? HostRows.element(matrix, column, row)
            : HostRows.element(matrix, row, column);
      }
    }
    return values;
  }

  /** The matrix as host memory. */
  private HostMatrix onHost(MatrixView view) {
    return switch (view) {
      case HostMatrix host -> host;
      case DeviceMatrix device -> new HostMatrix(
          device.rows() == 0 ? MemorySegment.NULL : memory.at(device.address(), device.byteSize()), device.rows(),
          device.classes(), device.rowStride(), device.dtype());
    };
  }

  private static void set(HostMatrix matrix, long row, int column, float value) {
    long at = (row * matrix.rowStride() + column) * matrix.dtype().bytes();
    if (matrix.dtype() == DType.F32) {
      matrix.segment().set(JAVA_FLOAT_UNALIGNED, at, value);
    } else {
      matrix.segment().set(JAVA_SHORT_UNALIGNED, at, matrix.dtype().narrow(value));
    }
  }

  @Override
  public void close() {}
}
