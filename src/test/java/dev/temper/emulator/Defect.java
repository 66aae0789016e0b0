package dev.temper.emulator;

import dev.temper.kernel.code.KernelSource;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;

/** A defect that can be planted in the CUDA sources, and the check that must find it. */
public enum Defect {
  /** No defect. */
  NONE("plain", "row/thread_group.cuh", "#pragma once", "#pragma once", ""),
  /** Values of another warp are read before they are stored. */
  MISSING_BARRIER("traced", "row/block_group.cuh", "      synchronise();\n", "", "race|no thread wrote"),
  /** The mask of odd lanes contains all lanes, the mask of even lanes only themselves. */
  WRONG_MASK("plain", "row/block_group.cuh", "true>(partial, ~0u);",
      "true>(partial, threadIdx.x % 2 == 0 ? 0x55555555u : ~0u);", "with mask"),
  /** Values from other blocks are read without waiting for them. */
  WEAK_CLUSTER_BARRIER("plain", "row/block_group.cuh", "      mbarrier_wait(shared<uint64_t>(barrier), parity);\n",
      "      synchronise();\n", "arrives twice|in flight to its shared memory|expected"),
  /** A phase expects fewer bytes than are sent. */
  TOO_FEW_BYTES("plain", "row/block_group.cuh", "kClusterWarps * kBytes<N>);",
      "kClusterWarps * kBytes<N> - 4);", "-4 bytes outstanding|expected"),
  /** No thread arrives at the mbarrier of a reduction. */
  UNANNOUNCED_PHASE("plain", "row/block_group.cuh", "if (threadIdx.x == 0) mbarrier_expect",
      "if (threadIdx.x == 0 && reductions != 2) mbarrier_expect", "deadlock.*no arrival"),
  /**
   * All reductions use one slot: a fast warp or block overwrites values that a slow one still reads. Threads with
   * different sums may also take different paths, and wait at different barriers.
   */
  ONE_SLOT("plain", "row/block_group.cuh", "uint32_t slot = reductions % 2, parity = reductions / 2 % 2;",
      "uint32_t slot = 0, parity = reductions % 2;", "expected|arrives twice|deadlock"),
  /** A warp sends before all its lanes have read the slot, which another block may then overwrite. */
  MISSING_WARP_BARRIER("traced", "row/block_group.cuh", "      __syncwarp();\n", "", "race"),
  /** Logits are used before their asynchronous copy is complete. */
  COPY_WITHOUT_WAIT("plain", "row/shared_storage.cuh", "{ async_wait(); }", "{}", "async copies"),
  /** A vector is read at a misaligned address. */
  MISALIGNED_VECTOR("plain", "row/row_view.cuh", "if (reinterpret_cast<uintptr_t>(origin) % kAlignment == 0)\n", "",
      "misaligned"),
  /** The last vector is read beyond the row. */
  TAIL_OVER_READ("sanitized", "row/row_view.cuh", "unsigned(misalignment + end) / K",
      "unsigned(misalignment + end + K - 1) / K", "AddressSanitizer"),
  /** An offset in a row overflows 32 bits. */
  INT_OVERFLOW("sanitized", "row/row_view.cuh", "if (reinterpret_cast<uintptr_t>(origin)",
      "volatile int bits = end * (int(sizeof(Bits)) << 26); if (reinterpret_cast<uintptr_t>(origin)",
      "runtime error: signed integer overflow"),
  /**
   * Logits are used before the copies to their stage are complete. The values are right, because a row with a NaN is
   * swept again on the exact-shift path.
   */
  RING_WITHOUT_WAIT("traced", "row/ring_storage.cuh",
      "        if (!swept) at.wait();\n        Pair pairs[VECTORS];", "        Pair pairs[VECTORS];",
      "race|no thread wrote"),
  /** The last stage of a row is not released. */
  STAGE_NOT_RELEASED("plain", "row/ring_storage.cuh", "      if (LAST) at.release();\n      swept = true;",
      "      swept = true;", "deadlock|arrivals"),
  /** A stage is released before its vectors are read. */
  STAGE_RELEASED_TOO_SOON("traced", "row/ring_storage.cuh",
      "        read(pairs, at, own);\n        if (LAST) at.release();",
      "        if (LAST) at.release();\n        read(pairs, at, own);", "race"),
  /** A bulk copy may overtake the reads of the vectors that it overwrites. */
  MISSING_PROXY_FENCE("traced", "row/ring_stages.cuh", "      fence_async_proxy();\n", "", "no proxy fence"),
  /** The producer waits for the wrong phase of an empty stage. */
  WRONG_PARITY("plain", "row/ring_producer.cuh", "at.parity ^ 1);", "at.parity);", "deadlock"),
  /** A stage expects fewer bytes than are copied. */
  WRONG_BYTES("plain", "row/ring_copies.cuh", "mbarrier_expect(full, bytes);", "mbarrier_expect(full, bytes - 16);",
      "bytes outstanding|expected"),
  /** The producer refills a stage without waiting for its release. */
  STAGE_REFILLED_TOO_SOON("plain", "row/ring_producer.cuh",
      "      mbarrier_wait(at.empty(), at.parity ^ 1);\n", "", "expected|arrives twice|in flight"),
  /** An ignored row keeps its stage. */
  IGNORED_ROW_KEEPS_STAGE("plain", "row/ring_storage.cuh", "if (!released)\n",
      "if (!released && count() > 0)\n", "deadlock|arrivals"),
  /** A teacher that is misaligned against the student is not shifted by whole bytes. */
  WRONG_FUNNEL_SHIFT("plain", "row/ring_stages.cuh", "uint32_t bits = shift % 4 * 8,",
      "uint32_t bits = 0,", "expected"),
  /** A lane arrives at a full stage without waiting for its copies. */
  COPIES_NOT_AWAITED("plain", "row/ring_copies.cuh", "    mbarrier_arrive_after_copies(full);\n",
      "    mbarrier_arrive(full);\n", "found NaN"),
  /** A lane arrives at a full stage before it issues its copies, which the arrival of the next stage then follows. */
  ARRIVAL_BEFORE_COPIES("traced", "row/ring_copies.cuh",
      "copy(parts[i]);\n    mbarrier_arrive_after_copies(full);\n",
      "{ if (i == 0) mbarrier_arrive_after_copies(full); copy(parts[i]); }\n", "race"),
  /** A stage is full although the copies of one lane are still in flight. */
  WRONG_ARRIVAL_COUNT("plain", "row/ring_copies.cuh", "kArrivals = 32 + 1;", "kArrivals = 32;", "arrivals"),
  /** The sums of the fast path release stages that a later sweep reads again. */
  SWEEP_OVER_RELEASED_STAGES("plain", "row/ring_storage.cuh", "      sweep<false, true>(f);\n",
      "      sweep<true, true>(f);\n", "arrives more often|expected|deadlock"),
  /** Kept exponentials are not moved to the offset of the row. */
  KEPT_AT_OLD_OFFSET("plain", "loss/gradient.cuh", "exp2_normal(kept.student_offset - exponents.student.offset)",
      "1.0f", "expected"),
  /** A prefetch overwrites logits that are still to be read. */
  NEXT_ROW_TOO_SOON("plain", "row/shared_storage.cuh",
      "typename Row::Pair pair = read(slot);\n        if (prefetch) copy_async(next, vector, slot);",
      "if (prefetch) copy_async(next, vector, slot);\n        typename Row::Pair pair = read(slot);", "expected"),
  /** A part of the next row is not prefetched. */
  NEXT_ROW_WITHOUT_ENDS("plain", "loss/rows.cuh", "storage.load(row, group, in_flight);",
      "{ if (in_flight.end == 0) storage.load(row, group, in_flight); }", "expected"),
  /** The block that finishes last adds up losses whose stores may not be visible yet. */
  MISSING_RELEASE("traced", "totals.cuh", "  __threadfence();\n  bool last", "  bool last", "race: reads byte"),
  /** The block that finishes last may read losses before it has counted the other blocks. */
  MISSING_ACQUIRE("traced", "totals.cuh", "  __threadfence();\n  return last;", "  return last;", "race: reads byte"),
  /** Threads may read whether their block is the last one before thread 0 has stored it. */
  MISSING_BARRIER_BEHIND_COUNT("traced", "single_launch.cuh", "      __syncthreads();\n      if (last == 0) return;\n",
      "      if (last == 0) return;\n", "race|no thread wrote");

  /** Defects of the copies that fill rings on compute capability 8.0. */
  private static final Set<Defect> OF_GRANULE_COPIES =
      EnumSet.of(COPIES_NOT_AWAITED, ARRIVAL_BEFORE_COPIES, WRONG_ARRIVAL_COUNT);

  /** Sources of the persistent kernels without a ring. */
  private static final Set<String> PERSISTENT =
      Set.of("loss/rows.cuh", "row/shared_storage.cuh", "single_launch.cuh", "totals.cuh");

  private final String build;
  private final String file;
  private final String correct;
  private final String planted;
  private final String finding;

  Defect(String build, String file, String correct, String planted, String finding) {
    this.build = build;
    this.file = file;
    this.correct = correct;
    this.planted = planted;
    this.finding = finding;
  }

  /** The build that must find the defect. */
  public String build() {
    return build;
  }

  /** Whether rows in a ring show the defect. */
  public boolean isOfRing() {
    return file.startsWith("row/ring_") || this == KEPT_AT_OLD_OFFSET;
  }

  /** Whether long rows are stored in rings. Without them, blocks have prefetches. */
  public boolean hasRings() {
    return !PERSISTENT.contains(file);
  }

  /** The compute capability of the emulator. */
  public String capability() {
    return !hasRings() || OF_GRANULE_COPIES.contains(this) ? "8.0" : "9.0";
  }

  /** Whether a sanitizer ends the process at the defect; values may be wrong before. */
  public boolean isFoundBySanitizer() {
    return build.equals("sanitized");
  }

  /** A regular expression for the message. */
  public String finding() {
    return finding;
  }

  /** The sources with the defect. */
  public Function<String, KernelSource> sources() {
    return kernel -> PlantedSource.of(kernel, file, this, correct, planted);
  }
}
