package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The same arithmetic on every core at once; on a quiet machine all cores need the same time. */
final class SpinTest {

  /** About 20 ms at 3 GHz, longer than a time slice of the scheduler, so that a competing process delays a core. */
  private static final int STEPS = 15_000_000;
  private static final int ROUNDS = 7;

  private SpinTest() {}

  /** Median of the slowest core's time over some rounds, divided by the fastest time of any core. */
  static double imbalance() {
    int cores = Runtime.getRuntime().availableProcessors();
    double fastest = Double.POSITIVE_INFINITY;
    double[] slowest = new double[ROUNDS];
    try (ExecutorService pool = Executors.newFixedThreadPool(cores)) {
      onAll(pool, cores); // compiles the loop and starts the threads
      for (int round = 0; round < ROUNDS; round++) {
        for (double time : onAll(pool, cores)) {
          fastest = Math.min(fastest, time);
          slowest[round] = Math.max(slowest[round], time);
        }
      }
    }
    return Quantiles.of(slowest).median() / fastest;
  }

  private static List<Double> onAll(ExecutorService pool, int cores) {
    List<Future<Double>> running = new ArrayList<>();
    for (int core = 0; core < cores; core++) {
      long seed = core;
      running.add(pool.submit(() -> spin(seed)));
    }
    List<Double> times = new ArrayList<>();
    try {
      for (Future<Double> core : running) {
        times.add(core.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while checking that the machine is quiet", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("the spin test failed: " + e.getCause(), e);
    }
    return times;
  }

  /** Time in nanoseconds of a chain of dependent multiplications, which no compiler shortens. */
  private static double spin(long seed) {
    long start = System.nanoTime();
    long value = seed;
    for (int step = 0; step < STEPS; step++) {
      value = value * 6364136223846793005L + 1442695040888963407L;
    }
    long time = System.nanoTime() - start;
    return value == 0 ? time + 1 : time;
  }
}
