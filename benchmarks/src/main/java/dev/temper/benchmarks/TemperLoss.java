package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.tools.bench.BatchRing;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Temper's loss and gradient: half a divergence at T, half a cross-entropy. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 2, time = 1)
@Fork(1)
public class TemperLoss {

  @Param("256x32000") String shape;
  @Param("F32") DType dtype;
  @Param("MEMORY") Inputs inputs;
  @Param("2") int threads;
  @Param("2.0") double temperature;
  @Param("forward-kl") String divergence;
  @Param("OTHER") TeacherContent teacher;
  @Param("cpu") String device;

  private final Arena arena = Arena.ofShared();
  private LossEngine engine;
  private DistillationLoss loss;
  private BatchRing ring;

  @Setup
  public void open() {
    engine = LossEngine.open(device, EngineOptions.defaults().withThreads(threads));
    loss = DistillationLoss.hinton(temperature, 0.5).toBuilder().divergence(Divergence.parse(divergence)).build();
    ring = inputs.ring(arena, shape, dtype);
    ring.batches().forEach(batch -> teacher.write(batch, dtype));
  }

  @TearDown
  public void close() {
    engine.close();
    arena.close();
  }

  @Benchmark
  public double forwardBackward() {
    LogitBatch batch = ring.next();
    return engine.forwardBackward(loss, batch.inputs(), batch.outputs()).total();
  }
}
