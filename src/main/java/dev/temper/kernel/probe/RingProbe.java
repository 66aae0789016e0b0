package dev.temper.kernel.probe;

import dev.temper.diagnostics.SelfCheck;
import dev.temper.kernel.plan.RingCopies;
import dev.temper.kernel.spec.ProbeKernel;
import dev.temper.kernel.spec.ProbeParameters.Operation;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Checks copies into a ring of two stages, which the other warps of a block read and release. */
final class RingProbe {

  private static final int BLOCKS = 8;
  private static final int ROUNDS = 7;
  private static final int CONSUMERS = ProbeKernel.THREADS - 32;

  private RingProbe() {}

  /**
   * Runs the check.
   *
   * @param best the copies that fill the rings of the device; null if it has no rings
   */
  static SelfCheck check(RingCopies copies, @Nullable RingCopies best, Probe probe) {
    if (best == null || copies.compareTo(best) < 0) {
      return SelfCheck.notRun(copies.name().toLowerCase(Locale.ROOT) + " copies into a ring are beyond this device");
    }
    int words = 4 * CONSUMERS;
    long shared = 4L * Long.BYTES + (2L * words + CONSUMERS) * Integer.BYTES;
    int[] input = Probe.random(BLOCKS * ROUNDS * words);
    Operation operation = copies == RingCopies.BULK ? Operation.RING : Operation.RING_BY_GRANULES;
    int[] found = probe.run(operation, 1, BLOCKS, shared, ROUNDS, input,
        input.length + BLOCKS * ROUNDS * CONSUMERS + BLOCKS);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < input.length; i++) {
      int opposite = CONSUMERS - 1 - i % words / 4;
      comparison.same("word", i, found[i], input[i / words * words + 4 * opposite + i % 4]);
    }
    for (int i = 0; i < BLOCKS * ROUNDS * CONSUMERS; i++) {
      int opposite = CONSUMERS - 1 - i % CONSUMERS;
      comparison.same("exchanged word", i, found[input.length + i], input[i / CONSUMERS * words + 4 * opposite]);
    }
    for (int block = 0; block < BLOCKS; block++) {
      comparison.same("bytes of block", block, found[found.length - BLOCKS + block], (int) shared);
    }
    return comparison.outcome();
  }
}
