package dev.temper.kernel.plan;

import java.util.ArrayList;
import java.util.Comparator;
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

  // Two to four vectors per thread at least: fewer waste the reductions. No more threads than that asks for: the kernels take 56 to 80
  // registers, so that 256 threads leave room for a third block beside two, to compute while these wait. From nine vectors on the
  // shared memory has no room for these, and more threads hide more: 384, of which two blocks find 80 registers each, or 512 where
  // a block is alone.
  private static final List<Block> BLOCKS =
      List.of(new Block(512, 128), new Block(2_304, 256), new Block(3_584, 384), new Block(Integer.MAX_VALUE, 512));

  private static final int[] CLUSTERS = {1, 2, 4, 8, 16};

  private static final int STREAM_THREADS = 512;

  private static final int[] TRIED_THREADS = {128, 256, 384, 512, 1_024};

  /** More than the rule puts there: whether it spills depends on the loss, and what it then costs is for timing to tell. */
  private static final int MOST_TRIED_IN_REGISTERS = 16;

  /** One lane with many vectors to itself reads them far from its neighbours'. */
  private static final int MOST_SLOTS_OF_A_LANE = 32;

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

  /**
   * Every plan that rows of this shape could have on a device: the chosen one first, then the others, those most like it first.
   * What is not listed does not fit, or leaves half of a team without work.
   */
  public static List<RowPlan> candidates(int classes, int firstBytes, int secondBytes, DeviceLimits limits) {
    RowPlan chosen = choose(classes, firstBytes, secondBytes, limits);
    long groups = RowPlan.groups(classes, firstBytes);
    List<RowPlan> plans = new ArrayList<>();
    for (int threads : TRIED_THREADS) {
      for (int lanes = 1; lanes <= WARP; lanes *= 2) {
        plans.addAll(teams(groups, firstBytes, threads, lanes, 1));
      }
      for (int cluster : CLUSTERS) {
        if (cluster <= limits.maxCluster()) {
          plans.addAll(teams(groups, firstBytes, threads, 0, cluster));
        }
      }
    }
    plans.add(new RowPlan(chosen.threads(), chosen.lanes(), chosen.cluster(), chosen.residence(), false));
    return plans.stream().distinct().filter(plan -> plan.sharedBytes(classes, firstBytes, secondBytes) <= limits.sharedPerBlock())
        .sorted(Comparator.comparingInt(plan -> plan.equals(chosen) ? -1 : distance(plan, chosen))).toList();
  }

  /** The residences that suit a team, whether or not they fit. */
  private static List<RowPlan> teams(long groups, int firstBytes, int threads, int lanes, int cluster) {
    List<RowPlan> plans = new ArrayList<>();
    RowPlan shared = new RowPlan(threads, lanes, cluster, new Residence.Shared());
    long groupsEach = Math.ceilDiv(groups, shared.teamSize());
    if (shared.teamSize() / 2 >= groups) {
      return plans;
    }
    if (lanes == 0 || groupsEach <= MOST_SLOTS_OF_A_LANE) {
      plans.add(shared);
    }
    if (cluster == 1 && groupsEach * (RowPlan.VECTOR / firstBytes) <= MOST_TRIED_IN_REGISTERS) {
      plans.add(new RowPlan(threads, lanes, cluster, new Residence.Registers(Math.toIntExact(groupsEach))));
    }
    if (cluster == 1 && lanes == 0) {
      plans.add(new RowPlan(threads, lanes, cluster, new Residence.Stream()));
    }
    return plans;
  }

  /** Doublings from one plan to another; another kind of team or residence counts for two, to leave or to stay for one. */
  private static int distance(RowPlan plan, RowPlan other) {
    int kinds = (plan.lanes() > 0 == other.lanes() > 0 ? 0 : 2)
        + (plan.residence().getClass() == other.residence().getClass() ? 0 : 2);
    return kinds + (plan.stays() == other.stays() ? 0 : 1) + doublings(plan.threads(), other.threads()) + doublings(plan.cluster(), other.cluster())
        + doublings(Math.max(plan.lanes(), 1), Math.max(other.lanes(), 1));
  }

  private static int doublings(int a, int b) {
    return Math.abs(Integer.numberOfLeadingZeros(a) - Integer.numberOfLeadingZeros(b));
  }

  private static RowPlan inShared(long groups, int cluster) {
    int block = 0;
    while (groups > BLOCKS.get(block).groups() * cluster) {
      block++;
    }
    return new RowPlan(BLOCKS.get(block).threads(), 0, cluster, new Residence.Shared());
  }
}
