package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.PreparedLoss;
import dev.temper.tools.files.TemporaryFolder;
import dev.temper.tools.process.JavaCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The first loss and gradient of a process: opening the engine, preparing the loss (which compiles the kernels or loads
 * them from the cache), and launching it until its totals are on the host. Each sample is a new process, with an empty
 * or a filled cache.
 */
public final class FirstCall {

  /** Rows and classes of the batch. */
  public static final BatchShape SHAPE = new BatchShape(256, 1000);

  /** Dtype of the batch. */
  public static final DType DTYPE = DType.BF16;

  /** Measurements of {@link #measure}: each step with an empty and with a filled cache. */
  static final int ENTRIES = 6;

  private static final String CACHE = "temper.cache";
  private static final List<String> STEPS = List.of("open", "prepare", "launch");
  private static final int COLD_RUNS = 3;
  private static final int CACHED_RUNS = 5;

  private FirstCall() {}

  /** Prints the milliseconds of each step; the argument is the name of the device. */
  public static void main(String[] device) {
    BenchLoss loss = new BenchLoss(BenchLoss.Objective.BOTH, Divergence.forwardKl(), 2);
    long start = System.nanoTime();
    try (LossEngine engine = LossEngine.open(device[0]); BatchMemory memory = BatchMemory.of(engine)) {
      long opened = System.nanoTime();
      LogitBatch batch = BatchRing.warm(memory, SHAPE, DTYPE).next();
      long filled = System.nanoTime();
      try (PreparedLoss prepared = engine.prepare(loss.loss(), batch.inputs(), batch.outputs())) {
        long made = System.nanoTime();
        prepared.launch();
        prepared.totals();
        long done = System.nanoTime();
        System.out.println((opened - start) / 1e6 + " " + (made - filled) / 1e6 + " " + (done - made) / 1e6);
      }
    }
  }

  /**
   * Starts processes, one after the other.
   *
   * @param stop checked before each process; ends the measurement with the samples so far
   * @throws IOException if a process cannot be started or fails, with its output
   */
  public static List<Measurement> measure(String device, BooleanSupplier stop) throws IOException {
    try (TemporaryFolder caches = TemporaryFolder.make("temper-first-call")) {
      List<double[]> cold = new ArrayList<>();
      List<double[]> cached = new ArrayList<>();
      try {
        for (int run = 0; run < COLD_RUNS && !stop.getAsBoolean(); run++) {
          cold.add(process(device, caches.path().resolve("cache-" + run)));
        }
        for (int run = 0; run < CACHED_RUNS && !stop.getAsBoolean(); run++) {
          cached.add(process(device, caches.path().resolve("cache-0")));
        }
      } catch (IOException e) {
        if (!stop.getAsBoolean()) { // Ctrl-C ends the new process too
          throw e;
        }
      }
      List<Measurement> entries = new ArrayList<>(entries("empty", cold));
      entries.addAll(entries("filled", cached));
      return entries;
    }
  }

  private static List<Measurement> entries(String cache, List<double[]> runs) {
    List<Measurement> entries = new ArrayList<>();
    for (int step = 0; step < STEPS.size() && !runs.isEmpty(); step++) {
      int column = step;
      entries.add(new Measurement("FirstCall." + STEPS.get(step), Map.of("cache", cache), "ms",
          Quantiles.of(runs.stream().mapToDouble(run -> run[column]).toArray()), Map.of()));
    }
    return entries;
  }

  private static double[] process(String device, Path cache) throws IOException {
    String numbers = JavaCommand.of(FirstCall.class.getName()).settings(CACHE).property(CACHE, cache).lastLine(device);
    return Stream.of(numbers.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
  }
}
