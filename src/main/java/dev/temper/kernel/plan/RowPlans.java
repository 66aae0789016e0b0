package dev.temper.kernel.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a {@link RowPlan}. The choice depends on classes, dtypes and device, never on the number of rows. A row
 * therefore gives the same bits alone and in any batch.
 */
public final class RowPlans {

  /** Rows of up to {@code vectors} are stored in the registers of some lanes of a warp. */
  private record ShortRow(int vectors, int lanes, int vectorsPerLane) {}

  // There are as many lanes as vectors where possible, so that neighbouring lanes read neighbouring vectors.
  private static final List<ShortRow> SHORT_ROWS = List.of(
      new ShortRow(1, 1, 1), new ShortRow(2, 2, 1), new ShortRow(4, 4, 1), new ShortRow(8, 8, 1),
      new ShortRow(16, 16, 1),
      new ShortRow(32, 32, 1), new ShortRow(64, 32, 2), new ShortRow(128, 32, 4));

  /**
   * Vectors of the longest row that one warp computes from shared memory, about 1,000 classes in f32. A warp needs no
   * barrier.
   */
  private static final int WARP_ROWS = 256;

  private static final int WARP = 32;
  private static final int WARP_THREADS = 128;

  /** Threads of a block with up to {@code vectors} of a row. */
  private record BlockSize(long vectors, int threads) {}

  // Each thread has at least two to four vectors, because more threads would mean more time in reductions. The kernels
  // use 56 to 80 registers per thread, so that a multiprocessor has room for three blocks of 256 threads: one of them
  // computes while the others wait. Blocks with more than nine vectors per thread fill the shared memory, which leaves
  // room for fewer blocks. These have more threads to hide latency: 384, of which two blocks have 80 registers per
  // thread, or 512 in a single block.
  private static final List<BlockSize> BLOCK_SIZES = List.of(
      new BlockSize(512, 128), new BlockSize(2_304, 256), new BlockSize(3_584, 384),
      new BlockSize(Integer.MAX_VALUE, 512));

  private static final int[] CLUSTERS = {1, 2, 4, 8, 16};

  private static final int REREAD_THREADS = 512;

  /**
   * The system property that enables rings. Rings are off by default, because they have not been measured on a device
   * yet.
   */
  public static final String RING_PROPERTY = "temper.ring";

  private static final boolean HAS_RINGS = Boolean.getBoolean(RING_PROPERTY);

  /**
   * The smallest shared memory of a block, in bytes, with room for enough stages of 512 threads. The 99 KB of compute
   * capabilities 8.6, 8.9 and 12.0 have room for three stages, and thus for rows of two stages at most. Rings of fewer
   * threads are among the candidates there.
   */
  private static final int BIG_SHARED = 160 << 10;
  /**
   * The fewest stages of a ring. With fewer, only rows just above {@link #RING_ROWS} would fit. A teacher in f32 beside
   * a student of 16 bits has fewer on compute capability 8.0, where the 96 registers per thread are too few for it
   * anyway.
   */
  private static final int FEWEST_STAGES = 4;
  /** Vectors of the shortest row that is stored in a ring. A multiprocessor has one block with a ring. */
  private static final int RING_ROWS = 1_536;
  private static final int RING_THREADS = 512;

  // Limits of the candidates. They include plans that are never chosen, because measuring them shows whether the choice
  // is right.
  private static final int[] TRIED_THREADS = {128, 256, 384, 512, 1_024};
  private static final int[] TRIED_RING_THREADS = {128, 256, 384, 480, 512};
  private static final int MOST_TRIED_IN_REGISTERS = 32;
  /** The most vectors of a lane. With more, neighbouring lanes would read from distant addresses. */
  private static final int MOST_SLOTS_OF_A_LANE = 32;

  /** Bytes of shared memory that the hardware reserves in every block. */
  private static final int RESERVED = 1_024;

  private RowPlans() {}

  /**
   * The plan for rows of this shape.
   *
   * @param classes columns, 1 or more
   * @param firstBytes bytes of an element of the first tensor
   * @param secondBytes bytes of an element of the second tensor, 0 if there is none
   */
  public static RowPlan choose(int classes, int firstBytes, int secondBytes, DeviceLimits limits) {
    long vectors = RowPlan.vectors(classes, firstBytes);
    for (ShortRow row : SHORT_ROWS) {
      if (vectors <= row.vectors()) {
        return new RowPlan(WARP_THREADS, row.lanes(), 1, new RowStorage.Registers(row.vectorsPerLane()));
      }
    }
    int half = limits.sharedPerMultiprocessor() / 2 - RESERVED;
    RowPlan warps = new RowPlan(WARP_THREADS, WARP, 1, new RowStorage.Shared());
    if (vectors <= WARP_ROWS && warps.sharedBytes(classes, firstBytes, secondBytes) <= half) {
      return warps;
    }
    RowPlan ring = inRing(classes, firstBytes, secondBytes, limits);
    if (ring != null) {
      return ring;
    }
    return withoutRing(classes, firstBytes, secondBytes, limits);
  }

  /** The plan of an operation that has no kernel for rows in a ring. */
  public static RowPlan chooseWithoutRing(int classes, int firstBytes, int secondBytes, DeviceLimits limits) {
    RowPlan plan = choose(classes, firstBytes, secondBytes, limits);
    return plan.storage() instanceof RowStorage.Ring ? withoutRing(classes, firstBytes, secondBytes, limits) : plan;
  }

  /**
   * Returns a ring in the smallest cluster whose part of a row leaves stages for the next row, or null if there is
   * none.
   */
  private static @Nullable RowPlan inRing(int classes, int firstBytes, int secondBytes, DeviceLimits limits) {
    long vectors = classes / (RowPlan.VECTOR / firstBytes); // the ends of a row have places of their own
    if (limits.sharedPerBlock() < BIG_SHARED || vectors <= RING_ROWS) {
      return null;
    }
    for (int cluster : CLUSTERS) {
      // Larger clusters leave more multiprocessors without work, and some devices have no clusters.
      int ahead = cluster < 4 && limits.maxCluster() > 1 ? 2 : 1;
      RowPlan plan = ring(classes, firstBytes, secondBytes, RING_THREADS, cluster, ahead, limits);
      if (plan != null && plan.storage() instanceof RowStorage.Ring ring && ring.stages() >= FEWEST_STAGES) {
        return plan;
      }
    }
    return null;
  }

  /** Returns a ring with {@code ahead} stages or more for the next row, or null if it does not fit or rings are off. */
  private static @Nullable RowPlan ring(int classes, int firstBytes, int secondBytes, int threads, int cluster,
      int ahead, DeviceLimits limits) {
    RingCopies copies = limits.ringCopies();
    if (!HAS_RINGS || copies == null || cluster > limits.maxCluster()) {
      return null;
    }
    int each = ringVectors(secondBytes);
    int stages = new RowPlan(threads, 0, cluster, new RowStorage.Reread())
        .stages(each, firstBytes, secondBytes, limits.sharedPerBlock());
    long part = part(classes / (RowPlan.VECTOR / firstBytes), cluster);
    return part / ((long) each * threads) + 1 > stages - ahead ? null
        : new RowPlan(threads, 0, cluster, new RowStorage.Ring(copies, each, stages));
  }

  /**
   * Returns the vectors of a block. The number is even if there are several blocks, so that the parts of a teacher have
   * the same alignment.
   */
  private static long part(long vectors, int cluster) {
    return cluster == 1 ? vectors : Math.ceilDiv(vectors, 2L * cluster) * 2;
  }

  private static int ringVectors(int secondBytes) {
    return secondBytes == 0 ? 4 : 2;
  }

  private static RowPlan withoutRing(int classes, int firstBytes, int secondBytes, DeviceLimits limits) {
    long vectors = RowPlan.vectors(classes, firstBytes);
    int half = limits.sharedPerMultiprocessor() / 2 - RESERVED;
    // Two blocks per multiprocessor are best, because one loads while the other computes. One block is next, then no
    // storage.
    for (int most : new int[] {Math.min(half, limits.sharedPerBlock()), limits.sharedPerBlock()}) {
      for (int cluster : CLUSTERS) {
        RowPlan plan = inShared(vectors, cluster);
        if (cluster <= limits.maxCluster() && plan.sharedBytes(classes, firstBytes, secondBytes) <= most) {
          return plan;
        }
      }
    }
    return new RowPlan(REREAD_THREADS, 0, 1, new RowStorage.Reread());
  }

  /**
   * Returns every possible plan for rows of this shape on a device: the chosen plan first, then the others, the most
   * similar first. Plans that do not fit, or that leave half of a thread group without work, are left out.
   *
   * @param rings whether the operation has a kernel for rows in a ring
   */
  public static List<RowPlan> candidates(int classes, int firstBytes, int secondBytes, boolean rings,
      DeviceLimits limits) {
    RowPlan chosen = rings ? choose(classes, firstBytes, secondBytes, limits)
        : chooseWithoutRing(classes, firstBytes, secondBytes, limits);
    long vectors = RowPlan.vectors(classes, firstBytes);
    List<RowPlan> plans = new ArrayList<>();
    for (int threads : TRIED_THREADS) {
      for (int lanes = 1; lanes <= WARP; lanes *= 2) {
        plans.addAll(storages(vectors, firstBytes, threads, lanes, 1));
      }
      for (int cluster : CLUSTERS) {
        if (cluster <= limits.maxCluster()) {
          plans.addAll(storages(vectors, firstBytes, threads, 0, cluster));
        }
      }
    }
    for (int threads : TRIED_RING_THREADS) {
      for (int cluster : CLUSTERS) {
        RowPlan ring = ring(classes, firstBytes, secondBytes, threads, cluster, 1, limits);
        if (rings && ring != null && ring.groupSize() / 2 < vectors) {
          plans.add(ring);
        }
      }
    }
    plans.add(chosen);
    plans.add(new RowPlan(chosen.threads(), chosen.lanes(), chosen.cluster(), chosen.storage(), false));
    return plans.stream().distinct()
        .filter(plan -> plan.sharedBytes(classes, firstBytes, secondBytes) <= limits.sharedPerBlock())
        .sorted(Comparator.comparingInt(plan -> plan.equals(chosen) ? -1 : distance(plan, chosen))).toList();
  }

  /** Returns the plans of a thread group, one for each storage that suits it. Some may need too much shared memory. */
  private static List<RowPlan> storages(long vectors, int firstBytes, int threads, int lanes, int cluster) {
    List<RowPlan> plans = new ArrayList<>();
    RowPlan shared = new RowPlan(threads, lanes, cluster, new RowStorage.Shared());
    long vectorsEach = Math.ceilDiv(vectors, shared.groupSize());
    if (shared.groupSize() / 2 >= vectors) {
      return plans;
    }
    if (lanes == 0 || vectorsEach <= MOST_SLOTS_OF_A_LANE) {
      plans.add(shared);
    }
    if (cluster == 1 && vectorsEach * (RowPlan.VECTOR / firstBytes) <= MOST_TRIED_IN_REGISTERS) {
      plans.add(new RowPlan(threads, lanes, cluster, new RowStorage.Registers(Math.toIntExact(vectorsEach))));
    }
    if (cluster == 1 && lanes == 0) {
      plans.add(new RowPlan(threads, lanes, cluster, new RowStorage.Reread()));
    }
    return plans;
  }

  /**
   * Returns the number of doublings from one plan to another. Another kind of thread group or storage counts as two, a
   * prefetch as one.
   */
  private static int distance(RowPlan plan, RowPlan other) {
    int kinds = (plan.lanes() > 0 == other.lanes() > 0 ? 0 : 2)
        + (plan.storage().getClass() == other.storage().getClass() ? 0 : 2)
        + (plan.prefetches() == other.prefetches() ? 0 : 1);
    return kinds + doublings(plan.threads(), other.threads()) + doublings(plan.cluster(), other.cluster())
        + doublings(Math.max(plan.lanes(), 1), Math.max(other.lanes(), 1));
  }

  private static int doublings(int a, int b) {
    return Math.abs(Integer.numberOfLeadingZeros(a) - Integer.numberOfLeadingZeros(b));
  }

  private static RowPlan inShared(long vectors, int cluster) {
    int size = 0;
    while (vectors > BLOCK_SIZES.get(size).vectors() * cluster) {
      size++;
    }
    return new RowPlan(BLOCK_SIZES.get(size).threads(), 0, cluster, new RowStorage.Shared());
  }
}
