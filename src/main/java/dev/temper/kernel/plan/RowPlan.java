package dev.temper.kernel.plan;

/**
 * How rows are spread over threads, and where they stay.
 *
 * @param threads threads per block
 * @param lanes lanes per row, a power of two up to 32; 0: a whole block, or cluster, per row
 * @param cluster blocks that work on one row together, 1 to 16
 * @param residence where a row stays
 * @param stays whether there are as many teams as the device runs at once, for all rows: each asks for its next row while it
 *     writes the gradient of the one before. Else, and where no gradient is written, every row has a team of its own
 */
public record RowPlan(int threads, int lanes, int cluster, Residence residence, boolean stays) {

  /** Floats that a reduction of a block or cluster combines, in two alternating slots ({@code row/thread_group.cuh}). */
  private static final int SCRATCH_FLOATS = 2 * 6;
  /** In a cluster an mbarrier for each slot besides. */
  private static final int MBARRIERS = 2 * Long.BYTES;

  /** One access, and one slot of a thread in shared memory. */
  static final int VECTOR = 16;

  /** Teams stay where rows are kept in shared memory: registers have no room for a next row. */
  public RowPlan(int threads, int lanes, int cluster, Residence residence) {
    this(threads, lanes, cluster, residence, residence instanceof Residence.Shared);
  }

  /** Threads that work on one row together. */
  public int teamSize() {
    return lanes > 0 ? lanes : threads * cluster;
  }

  /** Blocks for this many rows, each row by a team of its own; at most what a grid can have. */
  public long blocks(long rows) {
    long blocks = (rows + rowsPerBlock() - 1) / rowsPerBlock() * cluster;
    return Math.min(blocks, Integer.MAX_VALUE / cluster * (long) cluster);
  }

  /**
   * Blocks for this many rows, by teams that stay. Rows that follow one another in a team should lie at the same alignment, for
   * one to be asked for in the other's place.
   *
   * @param deviceBlocks blocks that the device runs at once; 0: nobody knows
   * @param period rows after which the alignment is the same again, a power of two
   */
  public long blocks(long rows, long deviceBlocks, int period) {
    long all = blocks(rows);
    long groups = deviceBlocks / cluster;
    if (groups == 0 || groups * cluster >= all) {
      return all;  // more than run at once would wait until the others have done all their rows
    }
    long unit = Math.max(1, period / rowsPerBlock());
    return (groups < unit ? groups : groups / unit * unit) * cluster;
  }

  private int rowsPerBlock() {
    return lanes > 0 ? threads / lanes : 1;
  }

  /** Rows after which those of a matrix lie at the same alignment again. */
  public static int alignmentPeriod(long strideBytes) {
    return Math.toIntExact(VECTOR / Long.lowestOneBit(strideBytes | VECTOR));
  }

  /**
   * Dynamic shared memory per block.
   *
   * @param classes columns
   * @param firstBytes bytes of an element of the first tensor
   * @param secondBytes bytes of an element of the second tensor, 0 where there is none
   */
  public long sharedBytes(int classes, int firstBytes, int secondBytes) {
    long scratch = lanes > 0 ? 0 : (long) SCRATCH_FLOATS * Float.BYTES * (threads / 32) * cluster + (cluster > 1 ? MBARRIERS : 0);
    if (!(residence instanceof Residence.Shared)) {
      return scratch;
    }
    long slots = (groups(classes, firstBytes) + teamSize() - 1) / teamSize();
    int second = secondBytes == 0 ? 0 : Math.max(VECTOR, VECTOR / firstBytes * secondBytes);
    return scratch + slots * threads * (VECTOR + second);
  }

  /**
   * Bytes of rows that a block keeps on chip, or where it reads them again, has on their way at once: enough of these in all
   * blocks of a multiprocessor hide the memory's latency.
   *
   * @param classes columns
   * @param firstBytes bytes of an element of the first tensor
   * @param secondBytes bytes of an element of the second tensor, 0 where there is none
   */
  public long bytesInFlight(int classes, int firstBytes, int secondBytes) {
    long rowBytes = (long) classes * (firstBytes + secondBytes);
    if (residence instanceof Residence.Stream) {
      return Math.min(rowBytes, (long) threads * VECTOR / firstBytes * (firstBytes + secondBytes));
    }
    return lanes > 0 ? rowBytes * (threads / lanes) : rowBytes / cluster;
  }

  /**
   * A name without blanks, such as {@code shared-cluster2-512} or {@code registers1-lanes4-128}: residence, team, threads;
   * {@code -leaving} where the residence would let teams stay and the plan does not.
   */
  public String label() {
    String place = switch (residence) {
      case Residence.Registers registers -> "registers" + registers.groups();
      case Residence.Shared _ -> "shared";
      case Residence.Stream _ -> "stream";
    };
    String team = lanes > 0 ? "-lanes" + lanes : cluster > 1 ? "-cluster" + cluster : "-block";
    return place + team + "-" + threads + (residence instanceof Residence.Shared && !stays ? "-leaving" : "");
  }

  /** Vectors of the first tensor that a row can touch, whatever its alignment. */
  static long groups(int classes, int firstBytes) {
    int perVector = VECTOR / firstBytes;
    return (classes + 2L * (perVector - 1)) / perVector;
  }
}
