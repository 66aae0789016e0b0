package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.benchmarks.torch.Allocator;
import dev.temper.benchmarks.torch.TorchFormula;
import dev.temper.benchmarks.torch.TorchStep;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The loss and gradient of {@link TemperLoss} by PyTorch's operators and autograd, on the same memory. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 2, time = 1)
@Fork(1)
public class TorchLoss {

  @Param("256x32000") String shape;
  @Param("F32") DType dtype;
  @Param("MEMORY") Inputs inputs;
  @Param("2") int threads;
  @Param("2.0") double temperature;
  @Param("USUAL") TorchFormula formula;
  @Param("DEFAULT") Allocator allocator;

  private final Arena arena = Arena.ofShared();
  private TorchStep step;

  @Setup
  public void share() {
    allocator.apply();
    step = new TorchStep(inputs.ring(arena, shape, dtype).batches(), formula, temperature, threads);
  }

  @TearDown
  public void close() {
    arena.close();
  }

  @Benchmark
  public double forwardBackward() {
    return step.run();
  }
}
