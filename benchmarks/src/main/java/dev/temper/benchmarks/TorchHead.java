package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.benchmarks.torch.Allocator;
import dev.temper.benchmarks.torch.TorchFormula;
import dev.temper.benchmarks.torch.TorchHeadStep;
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

/** The loss and the gradients of {@link TemperHead} by PyTorch: linear layers, losses and autograd. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 4)
@Measurement(iterations = 3, time = 4)
@Fork(1)
public class TorchHead {

  @Param("512x768x32000") String head;
  @Param("F32") DType dtype;
  @Param("2") int threads;
  @Param("2.0") double temperature;
  @Param("USUAL") TorchFormula formula;
  @Param("TUNED") Allocator allocator;

  private final Arena arena = Arena.ofShared();
  private TorchHeadStep step;

  @Setup
  public void share() {
    allocator.apply();
    HeadTensors tensors = new HeadTensors(arena, head, dtype);
    step = new TorchHeadStep(tensors.hidden, tensors.weight, tensors.teacherHidden, tensors.teacherWeight,
        tensors.labels, formula, temperature, threads);
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
