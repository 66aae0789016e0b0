package dev.temper.benchmarks.torch;

import dev.temper.HostMatrix;
import dev.temper.RowVector;
import dev.temper.tools.bench.LogitBatch;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** PyTorch's gradients of the loss by the student's logits; both weights are one half. */
public final class TorchGradient {

  private static final double WEIGHT = 0.5;
  private static final long[] CLASSES = {1};

  private final Tensor student;
  private final Tensor teacher;
  private final Tensor labels;
  private final double temperature;

  /** Computes gradients of a batch in host memory, which must stay allocated. */
  public TorchGradient(LogitBatch batch, double temperature) {
    student = SharedMemory.tensor((HostMatrix) batch.student());
    teacher = SharedMemory.tensor((HostMatrix) batch.teacher());
    labels = SharedMemory.tensor((RowVector.Host) batch.labels());
    this.temperature = temperature;
  }

  /** The gradient by a formula, in the logits' dtype. */
  public Tensor by(TorchFormula formula) {
    return gradient(formula, student, teacher);
  }

  /** The gradient by the usual formula in f64. */
  public Tensor exact() {
    return gradient(TorchFormula.USUAL, student.to(ScalarType.Double), teacher.to(ScalarType.Double));
  }

  private Tensor gradient(TorchFormula formula, Tensor logits, Tensor target) {
    Tensor leaf = logits.detach();
    leaf.set_requires_grad(true);
    formula.loss(leaf, target, labels, temperature, WEIGHT, WEIGHT).backward();
    return leaf.grad().clone(); // grad() refers to a tensor that is freed at the end of this method
  }

  /** For each row, the distance of two gradients divided by the length of the exact one. */
  public static double[] errors(Tensor found, Tensor exact) {
    Tensor lengths = exact.square().sum(CLASSES).sqrt();
    Tensor errors = found.to(ScalarType.Double).sub(exact).square().sum(CLASSES).sqrt().div(lengths);
    double[] values = new double[Math.toIntExact(errors.numel())];
    errors.data_ptr_double().get(values);
    return values;
  }
}
