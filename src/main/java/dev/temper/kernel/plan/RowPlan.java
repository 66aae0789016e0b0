package dev.temper.kernel.plan;

/**
 * How rows are spread over threads, and where they are stored.
 *
 * @param threads threads per block
 * @param lanes lanes of a warp per row, a power of two up to 32; 0: a block or a cluster per row
 * @param cluster blocks per cluster, 1 to 16
 * @param storage where a row is stored
 * @param prefetches whether the kernel is persistent: the grid has as many thread groups as the device runs at once,
 *     and each loads its next row while it writes the gradient of a row. Otherwise, and in a pass without a gradient,
 *     each row has its own thread group
 */
public record RowPlan(int threads, int lanes, int cluster, RowStorage storage, boolean prefetches) {

  /** Bytes of a vector, which one access reads; also of a slot of a thread in shared memory. */
  static final int VECTOR = 16;

  /**
   * Floats of a warp in the scratch memory of reductions: twelve in each of two slots
   * ({@code kernels/row/block_group.cuh}).
   */
  private static final int SCRATCH_FLOATS = 2 * 12;
  /** Bytes of the values of single threads, one float for each slot. */
  private static final int OWNED = 16;
  /** Bytes of the mbarriers of a cluster, one for each slot. */
  private static final int MBARRIERS = 2 * Long.BYTES;
  /** Bytes of the header of a stage ({@code kernels/row/ring_row.cuh}), and of its two mbarriers. */
  private static final int HEADER = 48 + 2 * Long.BYTES;
  /** The most stages of a ring; more would not make a row arrive earlier. */
  private static final int MOST_STAGES = 7;
  /** Bytes of the constants of a launch. */
  private static final int CONSTANTS = 16;

  /** Creates a plan that prefetches unless its storage is registers, which have no room for a next row. */
  public RowPlan(int threads, int lanes, int cluster, RowStorage storage) {
    this(threads, lanes, cluster, storage, isPersistent(storage));
  }

  /** Threads of a block, including the producing warp of a ring. */
  public int blockThreads() {
    return threads + (storage instanceof RowStorage.Ring ? 32 : 0);
  }

  /** Threads of a thread group. */
  public int groupSize() {
    return lanes > 0 ? lanes : threads * cluster;
  }

  /** Blocks with a thread group for every row; at most the largest grid. */
  public long blocks(long rows) {
    long blocks = (rows + rowsPerBlock() - 1) / rowsPerBlock() * cluster;
    return Math.min(blocks, Integer.MAX_VALUE / cluster * (long) cluster);
  }

  /**
   * Returns the blocks of a persistent kernel. All rows of a thread group should have the same alignment, because a row
   * can replace only a row of the same alignment in shared memory.
   *
   * @param deviceBlocks blocks that the device runs at once; 0 if unknown
   * @param period rows after which the alignment repeats, a power of two
   */
  public long blocks(long rows, long deviceBlocks, int period) {
    long all = blocks(rows);
    long clusters = deviceBlocks / cluster;
    if (clusters == 0 || clusters * cluster >= all) {
      return all;
    }
    long unit = Math.max(1, period / rowsPerBlock());
    return (clusters < unit ? clusters : clusters / unit * unit) * cluster;
  }

  private int rowsPerBlock() {
    return lanes > 0 ? threads / lanes : 1;
  }

  /** Rows after which the alignment of a matrix's rows repeats. */
  public static int alignmentPeriod(long strideBytes) {
    return Math.toIntExact(VECTOR / Long.lowestOneBit(strideBytes | VECTOR));
  }

  /**
   * Dynamic shared memory per block.
   *
   * @param classes columns
   * @param firstBytes bytes of an element of the first tensor
   * @param secondBytes bytes of an element of the second tensor, 0 if there is none
   */
  public long sharedBytes(int classes, int firstBytes, int secondBytes) {
    int second = VECTOR / firstBytes * secondBytes;
    if (storage instanceof RowStorage.Ring ring) {
      return scratch() + ring.stages() * stageBytes(ring.vectors(), second);
    }
    if (!(storage instanceof RowStorage.Shared)) {
      return scratch();
    }
    long slots = (vectors(classes, firstBytes) + groupSize() - 1) / groupSize();
    return scratch() + slots * threads * (VECTOR + (second == 0 ? 0 : Math.max(VECTOR, second)));
  }

  /** Bytes of the scratch memory of reductions and of the constants of a launch. */
  private long scratch() {
    long reductions = (long) SCRATCH_FLOATS * Float.BYTES * (threads / 32) * cluster + OWNED
        + (cluster > 1 ? MBARRIERS : 0);
    return lanes > 0 ? CONSTANTS : CONSTANTS + reductions;
  }

  /**
   * Bytes of a stage: header, mbarriers, the ends of a row, vectors. A teacher that is shifted against the student
   * needs one more vector of 16 bytes.
   */
  private long stageBytes(int vectors, int second) {
    int ends = second > 0 && second < VECTOR ? 6 : 4;
    long endBytes = VECTOR + Math.ceilDiv((long) second, VECTOR) * VECTOR;
    return HEADER + ends * endBytes + (long) vectors * threads * (VECTOR + second) + (second > 0 ? VECTOR : 0);
  }

  /** Returns the stages of a ring that fit into {@code bytes} of shared memory, at most {@value #MOST_STAGES}. */
  int stages(int vectors, int firstBytes, int secondBytes, long bytes) {
    int second = VECTOR / firstBytes * secondBytes;
    return Math.toIntExact(Math.clamp((bytes - scratch()) / stageBytes(vectors, second), 0, MOST_STAGES));
  }

  /**
   * Bytes of rows that a block stores on chip or, without storage, loads at once. The resident blocks of a
   * multiprocessor hide the memory's latency if they have enough bytes in flight.
   *
   * @param classes columns
   * @param firstBytes bytes of an element of the first tensor
   * @param secondBytes bytes of an element of the second tensor, 0 if there is none
   */
  public long bytesInFlight(int classes, int firstBytes, int secondBytes) {
    long rowBytes = (long) classes * (firstBytes + secondBytes);
    if (storage instanceof RowStorage.Ring ring) {
      return ring.stages() * stageBytes(ring.vectors(), VECTOR / firstBytes * secondBytes);
    }
    if (storage instanceof RowStorage.Reread) {
      return Math.min(rowBytes, (long) threads * VECTOR / firstBytes * (firstBytes + secondBytes));
    }
    return lanes > 0 ? rowBytes * (threads / lanes) : rowBytes / cluster;
  }

  /**
   * Name without blanks, such as {@code shared-cluster2-512} or {@code registers1-lanes4-128}: storage, thread group,
   * threads per block. It ends in {@code -no-prefetch} if the storage permits a prefetch and the plan has none.
   */
  public String label() {
    String place = switch (storage) {
      case RowStorage.Registers registers -> "registers" + registers.vectors();
      case RowStorage.Shared _ -> "shared";
      case RowStorage.Ring ring -> "ring" + ring.stages();
      case RowStorage.Reread _ -> "stream";
    };
    String group = lanes > 0 ? "-lanes" + lanes : cluster > 1 ? "-cluster" + cluster : "-block";
    return place + group + "-" + threads + (isPersistent(storage) && !prefetches ? "-no-prefetch" : "");
  }

  private static boolean isPersistent(RowStorage storage) {
    return storage instanceof RowStorage.Shared || storage instanceof RowStorage.Ring;
  }

  /** The largest number of vectors of the first tensor that contain a part of a row, over all alignments. */
  static long vectors(int classes, int firstBytes) {
    int perVector = VECTOR / firstBytes;
    return (classes + 2L * (perVector - 1)) / perVector;
  }
}
