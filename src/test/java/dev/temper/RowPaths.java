package dev.temper;

import dev.temper.kernel.code.KernelSource;
import dev.temper.spi.LossCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The paths that the rows of a call take: a column of the row statistics of engines over the CUDA sources. */
public final class RowPaths {

  /** The fast path. */
  public static final int FAST = 0;
  /** The exact-shift path. */
  public static final int EXACT_SHIFT = 1;
  /** The path of nearly equal distributions. */
  public static final int NEAR_EQUAL = 2;
  /** The path of distributions that are far apart. */
  public static final int FAR = 3;

  private static final int COLUMN = column();
  private static final int COLUMNS = LossCall.STATISTICS_COLUMNS;

  private RowPaths() {}

  /** Computes a loss and returns the path of each row. The engine's device memory lies in this process. */
  public static int[] of(LossEngine engine, DistillationLoss loss, LossInputs inputs) {
    int rows = Math.toIntExact(inputs.student().rows());
    try (RowStatistics statistics = engine.allocateStatistics(rows)) {
      engine.forward(loss, inputs, LossOutputs.none().withStatistics(statistics)).totals();
      long address = ((DeviceMatrix) statistics.memoryFor(engine, rows)).address();
      MemorySegment memory = MemorySegment.ofAddress(address).reinterpret((long) rows * COLUMNS * Float.BYTES);
      int[] paths = new int[rows];
      for (int row = 0; row < rows; row++) {
        paths[row] = (int) memory.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * COLUMNS + COLUMN);
      }
      return paths;
    }
  }

  /** Returns the position of kPath in the enumeration of the sources, by counting the names before it. */
  private static int column() {
    String text = KernelSource.load("parameters.h").text().replaceAll("//.*", "");
    String before = text.substring(text.indexOf("enum RowStatistic {"), text.indexOf("  kPath,"));
    return (int) before.chars().filter(character -> character == ',').count();
  }
}
