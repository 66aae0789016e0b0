package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.PreparedLoss;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The first loss and gradient of a process: opening the engine, preparing the loss (which compiles the kernels, or finds them in
 * the cache) and launching it until its totals are there. Each in a process of its own, with an empty and with a filled cache.
 */
public final class FirstCall {

  /** Properties that a new process gets too. */
  private static final String PASSED_ON = "temper.";
  private static final String CACHE = "temper.cache";
  private static final List<String> STEPS = List.of("open", "prepare", "launch");
  /** What {@link #measure} makes: every step, with an empty and with a filled cache. */
  static final int ENTRIES = 6;
  private static final int COLD_RUNS = 3;
  private static final int CACHED_RUNS = 5;

  private FirstCall() {}

  /** The process: prints the milliseconds of each step. */
  public static void main(String[] device) {
    BenchLoss loss = new BenchLoss(BenchLoss.Objective.BOTH, Divergence.forwardKl(), 2);
    long start = System.nanoTime();
    try (LossEngine engine = LossEngine.open(device[0]); BatchMemory memory = BatchMemory.of(engine)) {
      long opened = System.nanoTime();
      LogitBatch batch = BatchRing.warm(memory, new BatchShape(256, 1000), DType.BF16).next();
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
   * Starts processes, one after the other; fewer entries if it was stopped.
   *
   * @throws IOException if one cannot be started, or fails, with what it said
   */
  static List<Entry> measure(String device, BooleanSupplier stop) throws IOException {
    Path caches = Files.createTempDirectory("temper-first-call");
    try {
      List<double[]> cold = new ArrayList<>();
      List<double[]> cached = new ArrayList<>();
      try {
        for (int run = 0; run < COLD_RUNS && !stop.getAsBoolean(); run++) {
          cold.add(process(device, caches.resolve("cache-" + run)));
        }
        for (int run = 0; run < CACHED_RUNS && !stop.getAsBoolean(); run++) {
          cached.add(process(device, caches.resolve("cache-0")));
        }
      } catch (IOException e) {
        if (!stop.getAsBoolean()) { // Ctrl-C ends the new process too
          throw e;
        }
      }
      List<Entry> entries = new ArrayList<>(entries("empty", cold));
      entries.addAll(entries("filled", cached));
      return entries;
    } finally {
      delete(caches);
    }
  }

  private static List<Entry> entries(String cache, List<double[]> runs) {
    List<Entry> entries = new ArrayList<>();
    for (int step = 0; step < STEPS.size() && !runs.isEmpty(); step++) {
      int column = step;
      entries.add(new Entry("FirstCall." + STEPS.get(step), Map.of("cache", cache), "ms",
          Spread.of(runs.stream().mapToDouble(run -> run[column]).toArray()), Map.of()));
    }
    return entries;
  }

  private static double[] process(String device, Path cache) throws IOException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.add("--enable-native-access=ALL-UNNAMED");
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith(PASSED_ON) && !name.equals(CACHE)) {
        command.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    command.addAll(List.of("-D" + CACHE + "=" + cache, "-cp", System.getProperty("java.class.path"), FirstCall.class.getName(), device));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (process.waitFor() != 0) {
        throw new IOException("the first call in a new process failed: " + said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for a new process", e);
    }
    String numbers = said.substring(said.lastIndexOf('\n') + 1); // behind what the JVM may have to say
    return Stream.of(numbers.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
