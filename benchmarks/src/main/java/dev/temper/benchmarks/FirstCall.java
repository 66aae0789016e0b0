package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.benchmarks.torch.TorchFormula;
import dev.temper.benchmarks.torch.TorchStep;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BatchRing;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.LogitBatch;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** From a JVM that has loaded nothing of it to the first loss and gradient: one call in each fork. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(5)
public class FirstCall {

  @Param("256x1000") String shape;
  @Param("cpu") String device;

  private BatchRing ring;

  @Setup
  public void allocate() {
    ring = BatchRing.warm(BatchMemory.of(Arena.ofShared()), BatchShape.parse(shape), DType.F32);
  }

  @Benchmark
  public double temper() {
    LogitBatch batch = ring.next();
    try (LossEngine engine = LossEngine.open(device)) {
      return engine.forwardBackward(DistillationLoss.hinton(2, 0.5), batch.inputs(), batch.outputs()).total();
    }
  }

  @Benchmark
  public double torch() {
    return new TorchStep(ring.batches(), TorchFormula.USUAL, 2, Runtime.getRuntime().availableProcessors()).run();
  }
}
