package dev.temper.tools.bench;

import dev.temper.LossEngine;
import dev.temper.diagnostics.DeviceFacts;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The state of a run: its measurements so far, and the observation of the machine. */
final class BenchRun implements AutoCloseable {

  private final LossEngine engine;
  private final BenchPlan plan;
  private final LossBench.Observer observer;
  private final Machine machine = Machine.here();
  private final String commit = Revision.here();
  private final QuietWatch watch = QuietWatch.begin();
  private final Optional<GpuClocks> clocks;
  private final List<Measurement> entries = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private double copyRate = Double.NaN;
  private int found;
  private int leftOut;

  BenchRun(LossEngine engine, BenchPlan plan, LossBench.Observer observer) {
    this.engine = engine;
    this.plan = plan;
    this.observer = observer;
    clocks = cudaIndex(engine.device()).flatMap(GpuClocks::watch);
  }

  Machine machine() {
    return machine;
  }

  void copyRate(Optional<CopyRate> measured) {
    measured.ifPresent(rate -> copyRate = rate.gigabytesPerSecond());
  }

  /** Reports the next step to the observer; the copy rate is step 0. */
  void next(String what) {
    observer.at(1 + entries.size() + leftOut, 1 + plan.size() + found, what);
  }

  /** Adds measurements to the plan, because their number depends on the batches. */
  void find(int count) {
    found += count;
  }

  /** Number of measurements so far, including those that were left out. */
  int measured() {
    return entries.size() + leftOut;
  }

  void add(Measurement entry) throws IOException {
    entries.add(entry);
    report();
  }

  /** Passes the measured plans of a benchmark case to the observer. */
  void swept(SweptPlans plans) throws IOException {
    observer.swept(engine, plans);
  }

  /** Passes the results so far to the observer. */
  void report() throws IOException {
    observer.measured(result(watch.soFar()));
  }

  /** Notes measurements that are not possible here. */
  void leaveOut(int count, String why) {
    leftOut += count;
    if (!notes.contains(why)) {
      notes.add(why);
    }
  }

  /** Ends the run, and passes its result to the observer. */
  ResultFile end() throws IOException {
    ResultFile result = result(watch.end());
    observer.measured(result);
    return result;
  }

  private ResultFile result(Quietness quietness) {
    DeviceFacts facts = engine.diagnostics().facts().orElse(null);
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("java", Runtime.version() + " (" + System.getProperty("java.vm.name") + ")");
    versions.put("engine", engine.describe());
    return new ResultFile(plan.group(), Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), commit, machine,
        facts,
        clocks.map(GpuClocks::medians).orElse(Map.of()), versions, copyRate, quietness.quiet(),
        quietness.disturbances(),
        quietness, plan.size() + found - entries.size() - leftOut, List.copyOf(notes), List.copyOf(entries));
  }

  /** The index in {@code cuda} or {@code cuda:N}. */
  private static Optional<Integer> cudaIndex(String device) {
    if (!device.startsWith("cuda")) {
      return Optional.empty();
    }
    return Optional.of(device.contains(":") ? Integer.parseInt(device.substring(device.indexOf(':') + 1)) : 0);
  }

  @Override
  public void close() {
    clocks.ifPresent(GpuClocks::close);
  }
}
