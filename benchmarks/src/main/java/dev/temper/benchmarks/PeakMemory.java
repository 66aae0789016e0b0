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
import java.util.List;
import java.util.function.DoubleSupplier;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * Memory of one loss and gradient beyond logits, labels and gradient: the peak resident size during the call, minus
 * that before. PyTorch allocates the gradient during the call, so that its bytes are subtracted.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(3)
public class PeakMemory {

  /** The counter that JMH reports beside the time. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Peak {
    /** Bytes beyond inputs and gradient. */
    public double peakBytes;
  }

  @Param("256x32000") String shape;
  @Param("F32") DType dtype;
  @Param("cpu") String device;

  private final Arena arena = Arena.ofShared();
  private LogitBatch batch;
  private LogitBatch small;

  @Setup
  public void allocate() {
    batch = BatchRing.warm(BatchMemory.of(arena), BatchShape.parse(shape), dtype).next();
    small = BatchRing.warm(BatchMemory.of(arena), new BatchShape(8, 16), dtype).next();
  }

  @Benchmark
  public double temper(Peak peak) {
    try (LossEngine engine = LossEngine.open(device)) {
      DistillationLoss loss = DistillationLoss.hinton(2, 0.5);
      engine.forwardBackward(loss, small.inputs(), small.outputs()).totals();
      return measure(peak, 0, () -> engine.forwardBackward(loss, batch.inputs(), batch.outputs()).total());
    }
  }

  @Benchmark
  public double torchUsual(Peak peak) {
    return torch(peak, TorchFormula.USUAL);
  }

  @Benchmark
  public double torchLogTarget(Peak peak) {
    return torch(peak, TorchFormula.LOG_TARGET);
  }

  private double torch(Peak peak, TorchFormula formula) {
    int threads = Runtime.getRuntime().availableProcessors();
    new TorchStep(List.of(small), formula, 2, threads).run();
    TorchStep step = new TorchStep(List.of(batch), formula, 2, threads);
    return measure(peak, batch.gradient().byteSize(), step::run);
  }

  static double measure(Peak peak, long gradientBytes, DoubleSupplier call) {
    ResidentMemory.resetPeak();
    long before = ResidentMemory.bytes();
    double loss = call.getAsDouble();
    peak.peakBytes = Math.max(0, ResidentMemory.peakBytes() - before - gradientBytes);
    return loss;
  }
}
