package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.benchmarks.torch.TorchFormula;
import dev.temper.benchmarks.torch.TorchHeadStep;
import java.lang.foreign.Arena;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Memory of one loss and its gradients beyond hidden states, weights, labels and gradients, as {@link PeakMemory}
 * measures it. The libraries are loaded by a small call before.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(3)
public class PeakHead {

  private static final String SMALL = "8x16x32";

  @Param("512x768x32000") String head;
  @Param("F32") DType dtype;

  private final Arena arena = Arena.ofShared();
  private HeadTensors tensors;
  private HeadTensors small;

  @Setup
  public void allocate() {
    tensors = new HeadTensors(arena, head, dtype);
    small = new HeadTensors(arena, SMALL, dtype);
    tensors.hiddenGradient.segment().fill((byte) 1);
    tensors.weightGradient.segment().fill((byte) 1);
  }

  @Benchmark
  public double temper(PeakMemory.Peak peak) {
    try (LossEngine engine = LossEngine.open("cpu")) {
      DistillationLoss loss = DistillationLoss.hinton(2, 0.5);
      engine.forwardBackward(loss, small.inputs(), small.outputs()).totals();
      return PeakMemory.measure(peak, 0,
          () -> engine.forwardBackward(loss, tensors.inputs(), tensors.outputs()).total());
    }
  }

  @Benchmark
  public double torchUsual(PeakMemory.Peak peak) {
    step(small).run();
    long gradients = tensors.hiddenGradient.byteSize() + tensors.weightGradient.byteSize();
    return PeakMemory.measure(peak, gradients, step(tensors)::run);
  }

  private static TorchHeadStep step(HeadTensors of) {
    int threads = Runtime.getRuntime().availableProcessors();
    return new TorchHeadStep(of.hidden, of.weight, of.teacherHidden, of.teacherWeight, of.labels, TorchFormula.USUAL, 2,
        threads);
  }
}
