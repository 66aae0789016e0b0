package dev.temper.kernel;

import java.util.List;

/**
 * Chooses a {@link RowPlan}. The choice depends on classes, dtypes and device, never on the number of rows: a row gives the same
 * bits alone and in any batch.
 */
public final class RowPlans {

  /** Rows of up to so many vectors stay in the registers of so many lanes of a warp, each holding so many. */
  private record ShortRow(int groups, int lanes, int groupsPerLane) {}

  // Enough lanes that neighbours read neighbouring vectors.
  private static final List<ShortRow> SHORT_ROWS = List.of(
      new ShortRow(1, 1, 1), new ShortRow(2, 2, 1), new ShortRow(4, 4, 1), new ShortRow(8, 8, 1), new ShortRow(16, 16, 1),
      new ShortRow(32, 32, 1), new ShortRow(64, 32, 2));

  /** Logits of each tensor in one thread's registers: with sixteen the compiler was seen to spill. */
  private static final int MOST_IN_REGISTERS = 8;

  /** Rows of up to so many vectors are a warp's, in shared memory: about 1,000 classes in f32, without a barrier. */
  private static final int WARP_ROWS = 256;

  private static final int WARP = 32;
  private static final int WARP_THREADS = 128;

  /** Blocks that hold up to so many vectors of a row have so many threads. */
  private record Block(long groups, int threads) {}

  // Two to four vectors per thread, as far as threads go: fewer waste the reductions, more leave it to too few threads.
  private static final List<Block> BLOCKS =
      List.of(new Block(512, 128), new Block(1_024, 256), new Block(Long.MAX_VALUE, 512));

  private static final int[] CLUSTERS = {1, 2, 4, 8, 16};

  private static final int STREAM_THREADS = 512;

  /** Shared memory that the hardware keeps for itself in every block. */
  private static final int RESERVED = 1_024;

  private RowPlans() {}

  /**
   * The plan for rows of this shape.
   *
   * @param classes columns, 1 or more
   * @param firstBytes bytes of an element of the first tensor
   * @param secondBytes bytes of an element of the second tensor, 0 where there is none
   */
  public static RowPlan choose(int classes, int firstBytes, int secondBytes, DeviceLimits limits) {
    long groups = RowPlan.groups(classes, firstBytes);
    for (ShortRow row : SHORT_ROWS) {
      if (groups <= row.groups() && row.groupsPerLane() * (RowPlan.VECTOR / firstBytes) <= MOST_IN_REGISTERS) {
        return new RowPlan(WARP_THREADS, row.lanes(), 1, new Residence.Registers(row.groupsPerLane()));
      }
    }
    // Two blocks per multiprocessor, so that one loads while the other computes; else one; else read again.
    int half = limits.sharedPerMultiprocessor() / 2 - RESERVED;
    RowPlan warps = new RowPlan(WARP_THREADS, WARP, 1, new Residence.Shared());
    if (groups <= WARP_ROWS && warps.sharedBytes(classes, firstBytes, secondBytes) <= half) {
      return warps;
    }
    for (int most : new int[] {Math.min(half, limits.sharedPerBlock()), limits.sharedPerBlock()}) {
      for (int cluster : CLUSTERS) {
        RowPlan plan = inShared(groups, cluster);
        if (cluster <= limits.maxCluster() && plan.sharedBytes(classes, firstBytes, secondBytes) <= most) {
          return plan;
        }
      }
    }
    return new RowPlan(STREAM_THREADS, 0, 1, new Residence.Stream());
  }

  private static RowPlan inShared(long groups, int cluster) {
    int threads = BLOCKS.stream().filter(block -> groups <= block.groups() * cluster || block.groups() == Long.MAX_VALUE)
        .findFirst().orElseThrow().threads();
    return new RowPlan(threads, 0, cluster, new Residence.Shared());
  }
}
