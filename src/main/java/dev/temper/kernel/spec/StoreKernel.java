package dev.temper.kernel.spec;

import java.util.List;

/** The kernel that rounds f32 sums to 16 bits ({@code store.cu}). It has one specialisation. */
public enum StoreKernel implements Specialisation {
  /** The kernel. */
  STORE;

  /** The most blocks, which fill a device. With more rows, a block stores several rows. */
  private static final int MOST_BLOCKS = 4_096;

  @Override
  public String entry() {
    return "temper_store";
  }

  @Override
  public String source() {
    return "store.cu";
  }

  /** Returns the name of the entry point alone, which the source ignores. */
  @Override
  public List<String> definitions() {
    return List.of("TEMPER_KERNEL=" + entry());
  }

  @Override
  public String parameters() {
    return "PrimitiveParameters";
  }

  @Override
  public int threads() {
    return 256;
  }

  @Override
  public int cluster() {
    return 1;
  }

  /** Returns the blocks for a number of rows, at least 1. */
  public int blocks(long rows) {
    return Math.clamp(rows, 1, MOST_BLOCKS);
  }
}
