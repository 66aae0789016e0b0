package dev.temper.benchmarks;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.tools.bench.BenchmarkCase.LaunchMode;
import dev.temper.tools.bench.LaunchCost;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The host's cost of the CUDA engine, on a batch that costs a device next to nothing: with and without waiting for the
 * totals.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime) // sampling would allocate more than the launches do
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class Dispatch {

  @Param("STUB") DriverChoice driver;
  /** A call of long rows is one launch, a call of short rows three. */
  @Param({"1000", "32000"}) int classes;

  private LossEngine engine;
  private LaunchCost.Launches eager;
  private LaunchCost.Launches graph;
  private final DistillationLoss loss = DistillationLoss.hinton(2, 0.5);

  @Setup
  public void open() {
    driver.install();
    engine = LossEngine.open("cuda");
    eager = LaunchCost.of(LaunchMode.EAGER, classes).prepare(engine);
    graph = LaunchCost.of(LaunchMode.GRAPH, classes).prepare(engine);
  }

  /** The device's part is not timed; the stub has no part of its own. */
  @TearDown(Level.Invocation)
  public void await() {
    if (driver == DriverChoice.NVIDIA) {
      engine.synchronize();
    }
  }

  @TearDown
  public void close() {
    graph.close();
    eager.close();
    engine.close();
    driver.close();
  }

  /** Prepares a loss and releases it: checks, addresses of tensors, and memory of its own. */
  @Benchmark
  public void prepare() {
    engine.prepare(loss, eager.batch().inputs(), eager.batch().outputs()).close();
  }

  /** Launches a prepared loss kernel by kernel. */
  @Benchmark
  @OperationsPerInvocation(LaunchCost.BURST)
  public void launch() {
    eager.submit();
  }

  /** Launches a prepared loss as a CUDA graph. */
  @Benchmark
  @OperationsPerInvocation(LaunchCost.BURST)
  public void replay() {
    graph.submit();
  }

  /** Checks, prepares and launches a loss, and waits for its totals. */
  @Benchmark
  public double forwardBackward() {
    return engine.forwardBackward(loss, eager.batch().inputs(), eager.batch().outputs()).total();
  }
}
