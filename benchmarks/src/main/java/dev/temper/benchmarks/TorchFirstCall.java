package dev.temper.benchmarks;

import dev.temper.benchmarks.torch.TorchFormula;
import dev.temper.benchmarks.torch.TorchStep;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BatchRing;
import dev.temper.tools.bench.FirstCall;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** PyTorch's first loss and gradient in a JVM that has loaded nothing of it: one call in each fork. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(5)
public class TorchFirstCall {

  private BatchRing ring;

  @Setup
  public void allocate() {
    ring = BatchRing.warm(BatchMemory.of(Arena.ofShared()), FirstCall.SHAPE, FirstCall.DTYPE);
  }

  @Benchmark
  public double forwardBackward() {
    return new TorchStep(ring.batches(), TorchFormula.USUAL, 2, Runtime.getRuntime().availableProcessors()).run();
  }
}
