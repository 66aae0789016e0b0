package dev.temper.kernel.spec;

import java.util.List;

/** The kernels over the rows of a batch, before and after the loss; they have one instance each. */
public enum BatchKernel implements Specialisation {
  /** Checks labels, row weights and row temperatures, and counts rows. */
  CHECK("check", 256),
  /** Row losses to totals. */
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

  /** None beside the entry point's name, which the source ignores. */
  @Override
  public List<String> definitions() {
    return List.of("TEMPER_KERNEL=" + entry());
  }

  /** Blocks for so many rows: a function of these alone, since the totals are added up block by block. */
  public int blocks(long rows) {
    return switch (this) {
      case CHECK -> Math.clamp(Math.ceilDiv(rows, threads), 1, MOST_CHECKING);
      case TOTALS -> Math.clamp(Math.ceilDiv(rows, ROWS_AT_A_TIME), 1, threads);
    };
  }

  /** Dynamic shared memory: a count per warp; four f64 sums per warp, and a flag. */
  public long sharedBytes() {
    int warps = threads / 32;
    return this == TOTALS ? 4L * Double.BYTES * warps + Integer.BYTES : (long) Integer.BYTES * warps;
  }

  /** Enough to fill a device; where there are more rows, each thread takes several. */
  private static final int MOST_CHECKING = 512;
  /** What a block of the totals kernel reads in one go; the last block adds up one block per thread. */
  private static final int ROWS_AT_A_TIME = 4_096;
}
