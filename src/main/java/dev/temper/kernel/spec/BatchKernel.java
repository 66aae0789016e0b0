package dev.temper.kernel.spec;

import java.util.List;

/** The kernels that run before and after the row losses, over all rows of a batch. Each has one specialisation. */
public enum BatchKernel implements Specialisation {
  /** Checks labels, row weights and row temperatures, and counts the rows that have a label. */
  CHECK("check", 256),
  /** Computes the factors of a linear head from the number of labels and from denominators in memory. */
  FACTORS("factors", 32),
  /** Adds up the row losses. */
  TOTALS("totals", 512);

  private final String name;
  private final int threads;

  BatchKernel(String name, int threads) {
    this.name = name;
    this.threads = threads;
  }

  @Override
  public String entry() {
    return "temper_" + name;
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public int cluster() {
    return 1;
  }

  @Override
  public String parameters() {
    return "LossParameters";
  }

  @Override
  public String source() {
    return name + ".cu";
  }

  /** Returns the name of the entry point alone, which the source ignores. */
  @Override
  public List<String> definitions() {
    return List.of("TEMPER_KERNEL=" + entry());
  }

  /**
   * Returns the blocks for a number of rows. The result depends on this number only, because it determines the order in
   * which the totals are summed.
   */
  public int blocks(long rows) {
    return switch (this) {
      case CHECK -> Math.clamp(Math.ceilDiv(rows, threads), 1, MOST_CHECK_BLOCKS);
      case FACTORS -> 1;
      case TOTALS -> Math.clamp(Math.ceilDiv(rows, ROWS_PER_BLOCK), 1, threads);
    };
  }

  /** Dynamic shared memory. The check has a count per warp; the totals have four f64 sums per warp, and a flag. */
  public long sharedBytes() {
    int warps = threads / 32;
    return switch (this) {
      case CHECK -> (long) Integer.BYTES * warps;
      case FACTORS -> 0;
      case TOTALS -> 4L * Double.BYTES * warps + Integer.BYTES;
    };
  }

  /** The most blocks of the check, which fill a device. With more rows, a thread checks several rows. */
  private static final int MOST_CHECK_BLOCKS = 512;
  /** Rows that a block of the totals kernel adds up. In the last block, each thread then adds the sums of one block. */
  private static final int ROWS_PER_BLOCK = 4_096;
}
