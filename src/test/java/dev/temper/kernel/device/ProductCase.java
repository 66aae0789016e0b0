package dev.temper.kernel.device;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A product whose sums are exact in f32 in any order, because the elements are small multiples of 1/8. The only
 * rounding is that of the result to its dtype.
 *
 * @param gap elements between the end of a row and the next row
 */
public record ProductCase(int rows, int columns, int inner, boolean leftTransposed, boolean rightTransposed,
    DType factors, DType written, double alpha, double beta, int gap) {

  private static final int[][] SHAPES = {{1, 1, 1}, {1, 7, 5}, {5, 1, 3}, {3, 5, 1}, {33, 17, 65}, {4, 8, 0}};
  private static final double[][] SCALARS = {{1, 0}, {0.5, 1}, {-2, -0.25}};

  /** Returns the products of every shape and transposition, with and without gaps. */
  public static List<ProductCase> of(DType factors, DType written) {
    List<ProductCase> cases = new ArrayList<>();
    for (int[] shape : SHAPES) {
      for (int variant = 0; variant < 8; variant++) {
        boolean leftTransposed = (variant & 1) != 0;
        boolean rightTransposed = (variant & 2) != 0;
        if (shape[2] == 0 && !(leftTransposed && !rightTransposed)) {
          continue; // a matrix without columns cannot be expressed
        }
        for (double[] scalars : SCALARS) {
          cases.add(new ProductCase(shape[0], shape[1], shape[2], leftTransposed, rightTransposed, factors, written,
              scalars[0], scalars[1], (variant & 4) != 0 ? 3 : 0));
        }
      }
    }
    return cases;
  }

  /** Computes the product on the device, and compares every element and every gap. */
  public void check(KernelDevice device, DeviceProducts products) {
    Random random = new Random(hashCode());
    Elements left = leftTransposed ? new Elements(inner, rows, random) : new Elements(rows, inner, random);
    Elements right = rightTransposed ? new Elements(columns, inner, random) : new Elements(inner, columns, random);
    Elements before = new Elements(rows, columns, random);
    long leftAddress = upload(device, left, factors);
    long rightAddress = upload(device, right, factors);
    long address = beta == 0 ? device.allocate(bytes(before, written)) : upload(device, before, written);
    products.multiply(alpha, new Operand(matrix(leftAddress, left, factors), leftTransposed),
        new Operand(matrix(rightAddress, right, factors), rightTransposed), beta, matrix(address, before, written));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(bytes(before, written));
      device.download(address, found);
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns + (row == rows - 1 ? 0 : gap); column++) {
          float value = get(found, row * (long) (columns + gap) + column, written);
          if (column >= columns) {
            assertThat(value).as("gap of %s", this).isNaN();
          } else {
            assertThat(value).as("element %d, %d of %s", row, column, this)
                .isEqualTo(expected(left, right, before, row, column));
          }
        }
      }
    }
    device.free(leftAddress);
    device.free(rightAddress);
    device.free(address);
  }

  private float expected(Elements left, Elements right, Elements before, int row, int column) {
    double sum = 0;
    for (int i = 0; i < inner; i++) {
      sum += (leftTransposed ? left.at(i, row) : left.at(row, i))
          * (rightTransposed ? right.at(column, i) : right.at(i, column));
    }
    float value = (float) (alpha * sum + beta * before.at(row, column));
    return written == DType.F32 ? value : written.widen(written.narrow(value));
  }

  private DeviceMatrix matrix(long address, Elements elements, DType dtype) {
    return new DeviceMatrix(address, elements.rows, elements.columns, elements.columns + gap, dtype);
  }

  private long bytes(Elements elements, DType dtype) {
    return Math.max(1, matrix(1, elements, dtype).byteSize());
  }

  /** Copies elements to the device, with NaN in the gaps between rows. */
  private long upload(KernelDevice device, Elements elements, DType dtype) {
    long address = device.allocate(bytes(elements, dtype));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(bytes(elements, dtype)).fill((byte) 0xff);
      for (int row = 0; row < elements.rows; row++) {
        for (int column = 0; column < elements.columns; column++) {
          long index = row * (long) (elements.columns + gap) + column;
          if (dtype == DType.F32) {
            host.setAtIndex(JAVA_FLOAT, index, elements.at(row, column));
          } else {
            host.setAtIndex(JAVA_SHORT, index, dtype.narrow(elements.at(row, column)));
          }
        }
      }
      device.upload(host, address);
    }
    return address;
  }

  private static float get(MemorySegment segment, long index, DType dtype) {
    return dtype == DType.F32 ? segment.getAtIndex(JAVA_FLOAT, index)
        : dtype.widen(segment.getAtIndex(JAVA_SHORT, index));
  }

  private static final class Elements {
    final int rows;
    final int columns;
    private final float[] values;

    Elements(int rows, int columns, Random random) {
      this.rows = rows;
      this.columns = columns;
      values = new float[rows * columns];
      for (int i = 0; i < values.length; i++) {
        values[i] = (random.nextInt(17) - 8) / 8f;
      }
    }

    float at(int row, int column) {
      return values[row * columns + column];
    }
  }
}
