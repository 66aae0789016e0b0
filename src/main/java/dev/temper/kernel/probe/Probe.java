package dev.temper.kernel.probe;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.spec.ProbeKernel;
import dev.temper.kernel.spec.ProbeParameters.Operation;
import dev.temper.kernel.spec.ProbeParameters;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Runs a device function over words in device memory. */
final class Probe {

  /** Words before and after the output that must keep their value. */
  private static final int GUARD = 64;
  private static final int UNWRITTEN = 0x5a5aa5a5;

  private final KernelDevice device;

  Probe(KernelDevice device) {
    this.device = device;
  }

  /**
   * Launches an operation and waits for its output.
   *
   * @param cluster blocks per cluster
   * @param blocks blocks of the grid
   * @param sharedBytes dynamic shared memory per block
   * @param count items, rounds or words, depending on the operation
   * @param input the words that the operation reads
   * @param outputWords number of words that the operation writes
   * @return the output
   * @throws IllegalStateException if the operation wrote outside of its output
   */
  int[] run(Operation operation, int cluster, long blocks, long sharedBytes, long count, int[] input, int outputWords) {
    int[] whole = new int[outputWords + 2 * GUARD];
    Arrays.fill(whole, UNWRITTEN);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment hostInput = arena.allocateFrom(JAVA_INT, input);
      MemorySegment hostOutput = arena.allocateFrom(JAVA_INT, whole);
      long from = device.allocate(hostInput.byteSize());
      long to = device.allocate(hostOutput.byteSize());
      try {
        device.upload(hostInput, from);
        device.upload(hostOutput, to);
        MemorySegment parameters = arena.allocate(ProbeParameters.LAYOUT);
        new ProbeParameters(from, to + GUARD * (long) Integer.BYTES, count, operation).write(parameters);
        try (KernelLaunch launch = device.prepare(new ProbeKernel(cluster), parameters, List.of(), blocks,
            sharedBytes)) {
          launch.run();
          device.download(to, hostOutput);
        }
      } finally {
        device.free(to);
        device.free(from);
      }
      int[] back = hostOutput.toArray(JAVA_INT);
      for (int i = 0; i < GUARD; i++) {
        if (back[i] != UNWRITTEN || back[outputWords + GUARD + i] != UNWRITTEN) {
          throw new IllegalStateException("the probe of " + operation + " wrote outside of its output");
        }
      }
      return Arrays.copyOfRange(back, GUARD, GUARD + outputWords);
    }
  }

  /** Random numbers of both signs, without NaN: a move as f32 may change the payload of a NaN. */
  static int[] random(int words) {
    int[] random = new SplittableRandom(words).ints(words).toArray();
    return Arrays.stream(random).map(word -> word & 0xbfffffff).toArray();
  }
}
