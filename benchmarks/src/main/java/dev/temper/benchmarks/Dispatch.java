package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.PreparedLoss;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BatchRing;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.LogitBatch;
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

/** What the CUDA engine costs its host: a batch that costs a device next to nothing, launched and not waited for, or waited for. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime) // sampling would allocate more than the launches do
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class Dispatch {

  /** Of launches that nobody waits for: a stream queues about a thousand operations, and a launch is four. */
  private static final int BURST = 100;

  @Param("STUB") DriverChoice driver;

  private LossEngine engine;
  private BatchMemory memory;
  private LogitBatch batch;
  private PreparedLoss prepared;
  private PreparedLoss graph;
  private final DistillationLoss loss = DistillationLoss.hinton(2, 0.5);

  @Setup
  public void open() {
    driver.install();
    engine = LossEngine.open("cuda");
    memory = BatchMemory.of(engine);
    batch = BatchRing.warm(memory, new BatchShape(16, 1000), DType.BF16).next();
    prepared = engine.prepare(loss, batch.inputs(), batch.outputs());
    graph = engine.prepare(loss, batch.inputs(), batch.outputs());
    graph.recordGraph();
  }

  /** What a device does with it is not timed; the stub has done it. */
  @TearDown(Level.Invocation)
  public void await() {
    if (driver == DriverChoice.NVIDIA) {
      engine.synchronize();
    }
  }

  @TearDown
  public void close() {
    graph.close();
    prepared.close();
    memory.close();
    engine.close();
    driver.close();
  }

  /** Checking a call, placing its tensors and giving it memory of its own; and giving that back. */
  @Benchmark
  public void prepare() {
    engine.prepare(loss, batch.inputs(), batch.outputs()).close();
  }

  /** A prepared loss, operation by operation. */
  @Benchmark
  @OperationsPerInvocation(BURST)
  public void launch() {
    for (int i = 0; i < BURST; i++) {
      prepared.launch();
    }
  }

  /** The same as a CUDA graph. */
  @Benchmark
  @OperationsPerInvocation(BURST)
  public void replay() {
    for (int i = 0; i < BURST; i++) {
      graph.launch();
    }
  }

  /** A call that is checked, made ready, launched, and waited for. */
  @Benchmark
  public double forwardBackward() {
    return engine.forwardBackward(loss, batch.inputs(), batch.outputs()).total();
  }
}
