package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.cpu.blas.OpenBlasProducts;
import dev.temper.spi.Products;
import dev.temper.spi.Products.Operand;
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

/** Temper's loss and gradients of hidden states, and its four matrix products alone. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 4)
@Measurement(iterations = 3, time = 4)
@Fork(1)
public class TemperHead {

  @Param("512x768x32000") String head;
  @Param("F32") DType dtype;
  @Param("2") int threads;
  @Param("2.0") double temperature;

  private final Arena arena = Arena.ofShared();
  private LossEngine engine;
  private Products products;
  private DistillationLoss loss;
  private HeadTensors tensors;
  private HostMatrix logits;
  private HostMatrix teacherLogits;
  private HostMatrix gradient;

  @Setup
  public void open() {
    engine = LossEngine.open("cpu", EngineOptions.defaults().withThreads(threads));
    products = OpenBlasProducts.open(threads);
    loss = DistillationLoss.hinton(temperature, 0.5);
    tensors = new HeadTensors(arena, head, dtype);
    logits = tensors.matrix(tensors.rows, tensors.classes, DType.F32);
    teacherLogits = tensors.matrix(tensors.rows, tensors.classes, DType.F32);
    gradient = tensors.matrix(tensors.rows, tensors.classes, dtype);
  }

  @TearDown
  public void close() {
    engine.close();
    products.close();
    arena.close();
  }

  @Benchmark
  public double forwardBackward() {
    return engine.forwardBackward(loss, tensors.inputs(), tensors.outputs()).total();
  }

  /** Both products forward and both products back, of all rows at once. */
  @Benchmark
  public void products() {
    products.multiply(1, Operand.of(tensors.hidden), Operand.transposed(tensors.weight), 0, logits);
    products.multiply(1, Operand.of(tensors.teacherHidden), Operand.transposed(tensors.teacherWeight), 0,
        teacherLogits);
    products.multiply(1, Operand.transposed(gradient), Operand.of(tensors.hidden), 0, tensors.weightGradient);
    products.multiply(1, Operand.of(gradient), Operand.of(tensors.weight), 0, tensors.hiddenGradient);
  }
}
