package dev.temper.kernel.probe;

import dev.temper.diagnostics.SelfCheck;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.spec.ProbeKernel;
import dev.temper.kernel.spec.ProbeParameters.Operation;

/**
 * Checks the device functions that copy words, and those that exchange values within clusters.
 *
 * @param device has the limits of shared memory and clusters
 * @param probe runs a function on the device
 */
record ExchangeChecks(KernelDevice device, Probe probe) {

  private static final int THREADS = ProbeKernel.THREADS;
  private static final int BLOCKS = 8;
  /** Items per thread, so that a thread copies to several addresses. */
  private static final int ROUNDS = 3;

  /** Copies items in reverse order. */
  SelfCheck words(Operation operation, int wordsPerItem) {
    int items = ROUNDS * BLOCKS * THREADS;
    int[] input = Probe.random(items * wordsPerItem);
    int[] found = probe.run(operation, 1, BLOCKS, 0, items, input, input.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < input.length; i++) {
      int item = items - 1 - i / wordsPerItem;
      comparison.same("word", i, found[i], input[item * wordsPerItem + i % wordsPerItem]);
    }
    return comparison.outcome();
  }

  /**
   * Copies through shared memory; each thread then writes the item that it copied, and the item of the thread opposite
   * to it.
   */
  SelfCheck throughShared(Operation operation, int wordsPerItem) {
    int items = ROUNDS * BLOCKS * THREADS;
    int[] input = Probe.random(items * wordsPerItem);
    int[] found = probe.run(operation, 1, BLOCKS, (long) THREADS * wordsPerItem * Integer.BYTES, items, input,
        2 * input.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < input.length; i++) {
      int item = i / wordsPerItem;
      int opposite = item / THREADS * THREADS + THREADS - 1 - item % THREADS;
      comparison.same("own word", i, found[i], input[i]);
      comparison.same("other thread's word", i, found[input.length + i],
          input[opposite * wordsPerItem + i % wordsPerItem]);
    }
    return comparison.outcome();
  }

  /** Uses as much shared memory as a block can have. */
  SelfCheck sharedMemory() {
    int words = device.limits().sharedPerBlock() / Integer.BYTES;
    int[] input = Probe.random(words);
    int[] found = probe.run(Operation.SHARED_MEMORY, 1, BLOCKS, (long) words * Integer.BYTES, words, input,
        BLOCKS * words);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      comparison.same("word", i, found[i], input[words - 1 - i % words] + i / words);
    }
    return comparison.outcome();
  }

  SelfCheck cluster(int cluster) {
    if (cluster > device.limits().maxCluster()) {
      return SelfCheck.notRun("clusters of " + cluster + " blocks are beyond this device, which has "
          + (device.limits().maxCluster() == 1 ? "none" : "up to " + device.limits().maxCluster()));
    }
    ProbeComparison comparison = new ProbeComparison();
    exchange(Operation.CLUSTER_EXCHANGE1, cluster, 1, comparison);
    exchange(Operation.CLUSTER_EXCHANGE2, cluster, 2, comparison);
    exchange(Operation.CLUSTER_EXCHANGE4, cluster, 4, comparison);
    return comparison.outcome();
  }

  /**
   * Every warp sends {@code width} values at once to every block of its cluster, in rounds that alternate between two
   * mbarriers.
   */
  private void exchange(Operation operation, int cluster, int width, ProbeComparison comparison) {
    int clusters = 3;
    int rounds = 7;
    int warps = THREADS / 32;
    int words = warps * cluster * width;
    int blocks = clusters * cluster;
    int[] input = Probe.random(blocks * rounds * words);
    int[] found = probe.run(operation, cluster, blocks, 2L * (words * Float.BYTES + Long.BYTES), rounds, input,
        input.length + blocks);
    for (int i = 0; i < input.length; i++) {
      int block = i / (rounds * words);
      int round = i / words % rounds;
      int sender = block / cluster * cluster + i % words / width / warps;
      int warp = i % words / width % warps;
      comparison.same("round " + round + ", block " + sender + " to", block, found[i],
          input[(sender * rounds + round) * words + (warp * cluster + block % cluster) * width + i % width]);
    }
    for (int block = 0; block < blocks; block++) {
      comparison.same("rank of block", block, found[input.length + block], block % cluster);
    }
  }
}
