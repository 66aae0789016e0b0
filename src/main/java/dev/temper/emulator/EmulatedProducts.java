package dev.temper.emulator;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.kernel.device.DeviceProducts;
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
    Elements written = elements(result);
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
        written.set(row, column, beta == 0 ? value : value + (float) beta * written.get(row, column));
      }
    }
  }

  /** The factor's elements after its transposition. */
  private float[][] rows(Operand operand, int rows, int columns) {
    Elements elements = elements(operand.matrix());
    float[][] values = new float[rows][columns];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        values[row][column] = operand.isTransposed() ? elements.get(column, row) : elements.get(row, column);
      }
    }
    return values;
  }

  private Elements elements(MatrixView view) {
    MemorySegment segment = switch (view) {
      case HostMatrix host -> host.segment();
      case DeviceMatrix onDevice when onDevice.rows() == 0 -> MemorySegment.NULL;
      case DeviceMatrix onDevice -> memory.at(onDevice.address(), onDevice.byteSize());
    };
    return new Elements(segment, view.rowStride(), view.dtype());
  }

  private record Elements(MemorySegment segment, long rowStride, DType dtype) {

    float get(long row, int column) {
      long at = at(row, column);
      return dtype == DType.F32 ? segment.get(JAVA_FLOAT_UNALIGNED, at)
          : dtype.widen(segment.get(JAVA_SHORT_UNALIGNED, at));
    }

    void set(long row, int column, float value) {
      if (dtype == DType.F32) {
        segment.set(JAVA_FLOAT_UNALIGNED, at(row, column), value);
      } else {
        segment.set(JAVA_SHORT_UNALIGNED, at(row, column), dtype.narrow(value));
      }
    }

    private long at(long row, int column) {
      return (row * rowStride + column) * dtype.bytes();
    }
  }

  @Override
  public void close() {}
}
