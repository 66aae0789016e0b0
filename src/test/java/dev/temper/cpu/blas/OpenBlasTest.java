package dev.temper.cpu.blas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Tests the search for OpenBLAS, and that the number of threads changes no bit. */
class OpenBlasTest {

  @Test
  void aMissingLibraryNamesEveryPlaceAndWhatToAdd() {
    assertThatThrownBy(() -> OpenBlas.load("", ClassLoader.getPlatformClassLoader(), "libno-such-blas.so.0"))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageContainingAll("org.bytedeco:openblas:0.3.31-1.5.13 is not on the class path", "libno-such-blas.so.0",
            "add org.bytedeco:openblas", "temper.blas.library");
  }

  @Test
  void aNamedLibraryThatDoesNotLoadIsNotReplaced() {
    ClassLoader classes = getClass().getClassLoader();
    assertThatThrownBy(() -> OpenBlas.load("/nowhere/libopenblas.so", classes, "libno-such-blas.so.0"))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageContainingAll("/nowhere/libopenblas.so", "correct or drop the property temper.blas.library");
  }

  @Test
  void bitsDoNotDependOnTheNumberOfThreads() {
    for (int[] shape : List.of(new int[] {300, 129, 2051}, new int[] {2051, 129, 300}, new int[] {65, 4097, 31},
        new int[] {1, 700, 3001})) {
      for (DType dtype : List.of(DType.F32, DType.BF16)) {
        byte[] one = multiply(shape, dtype, 1);
        assertThat(multiply(shape, dtype, 2)).isEqualTo(one);
        assertThat(multiply(shape, dtype, 5)).isEqualTo(one);
      }
    }
  }

  @Test
  void confinedMemoryThatWasClosedIsRefused() {
    Arena arena = Arena.ofConfined();
    HostMatrix closed = HostMatrix.of(arena.allocate(4 * Float.BYTES, Float.BYTES), 2, 2, DType.F32);
    HostMatrix result = HostMatrix.of(new float[4], 2, 2);
    arena.close();
    try (OpenBlasProducts products = OpenBlasProducts.open(1)) {
      assertThatThrownBy(() -> products.multiply(1, Operand.of(closed), Operand.of(result), 0, result))
          .isInstanceOf(IllegalStateException.class).hasMessageContaining("[2, 2] F32 of a matrix product lies in");
    }
  }

  @Test
  void tilesCoverTheProduct() {
    for (long[] shape : List.of(new long[] {512, 32000, 768}, new long[] {32000, 768, 512},
        new long[] {512, 768, 32000}, new long[] {1, 1, 1}, new long[] {3, 100_000, 7})) {
      List<Tile> tiles = Tile.of(shape[0], (int) shape[1], shape[2]);
      long elements = tiles.stream().mapToLong(t -> t.rows() * t.columns() * t.innerSize()).sum();
      assertThat(elements).isEqualTo(shape[0] * shape[1] * shape[2]);
      assertThat(tiles.getLast().lane()).isLessThan(Tile.LANES);
    }
  }

  private static byte[] multiply(int[] shape, DType dtype, int threads) {
    SplittableRandom random = new SplittableRandom(1);
    try (Arena arena = Arena.ofConfined(); OpenBlasProducts products = OpenBlasProducts.open(threads)) {
      HostMatrix left = random(arena, shape[0], shape[1], dtype, random);
      HostMatrix right = random(arena, shape[1], shape[2], dtype, random);
      HostMatrix result = random(arena, shape[0], shape[2], dtype, random);
      products.multiply(1, Operand.of(left), Operand.of(right), 1, result);
      return result.segment().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static HostMatrix random(Arena arena, int rows, int columns, DType dtype, SplittableRandom random) {
    long elements = (long) rows * columns;
    HostMatrix matrix =
        HostMatrix.of(arena.allocate(elements * dtype.bytes(), 64), rows, columns, dtype);
    for (long i = 0; i < elements; i++) {
      float value = (float) random.nextGaussian();
      if (dtype == DType.F32) {
        matrix.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
      } else {
        matrix.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, dtype.narrow(value));
      }
    }
    return matrix;
  }
}
