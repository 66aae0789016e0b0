package dev.temper.kernel.plan;

/**
 * How the producing warp of a ring copies a row into shared memory ({@code kernels/row/ring_copies.cuh}). Newer devices
 * have all kinds of older ones; the kind of the newest devices comes first.
 */
public enum RingCopies {
  /** Bulk copies, which one thread issues: from compute capability 9.0 on. */
  BULK("BulkCopies"),
  /** Copies of 16 bytes, which all threads of the warp issue: from compute capability 8.0 on. */
  GRANULE("GranuleCopies");

  private final String type;

  RingCopies(String type) {
    this.type = type;
  }

  /** The type in the kernel sources. */
  String type() {
    return type;
  }
}
