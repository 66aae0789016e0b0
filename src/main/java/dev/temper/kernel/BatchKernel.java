package dev.temper.kernel;

import java.util.List;

/** The kernels over the rows of a batch, before and after the loss; they have one instance each. */
public enum BatchKernel implements Specialisation {
  /** Checks labels, row weights and row temperatures, and counts rows. */
  CHECK("check", 256),
  /** Row losses to totals, by one block. */
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

  /** Blocks for so many rows: enough to fill a device, each with some rows per thread where there are many. */
  public long blocks(long rows) {
    return this == TOTALS ? 1 : Math.clamp(Math.ceilDiv(rows, threads), 1, MOST_BLOCKS);
  }

  /** Dynamic shared memory: four f64 sums per warp. */
  public long sharedBytes() {
    return this == TOTALS ? 4L * Double.BYTES * (threads / 32) : 0;
  }

  private static final int MOST_BLOCKS = 512;
}
