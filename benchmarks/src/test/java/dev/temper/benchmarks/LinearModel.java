package dev.temper.benchmarks;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Teacher;
import dev.temper.benchmarks.torch.SharedMemory;
import dev.temper.benchmarks.torch.TorchFormula;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A model in PyTorch, {@code logits = x W}, whose loss comes from PyTorch or from Temper. The loss is convex in W, so
 * that gradient descent does not amplify rounding errors and their sum bounds the difference of two runs.
 */
final class LinearModel {

  static final int ROWS = 64;
  static final int FEATURES = 32;
  static final int CLASSES = 1000;
  static final double TEMPERATURE = 2;
  static final double SOFT_WEIGHT = 0.7;
  static final double HARD_WEIGHT = 1 - SOFT_WEIGHT;

  final Tensor x;
  final Tensor teacher;
  final Tensor labels;
  final Tensor weights;
  private final ScalarType logitType;

  LinearModel() {
    this(ScalarType.Float);
  }

  /** With logits, and a teacher's logits, of the given type; x and weights are float32. */
  LinearModel(ScalarType logitType) {
    this.logitType = logitType;
    // Its second thread waits by spinning: on a busy machine the test would take minutes.
    torch.set_num_threads(1);
    torch.manual_seed(20);
    x = torch.randn(ROWS, FEATURES);
    teacher = torch.randn(ROWS, CLASSES).mul(new Scalar(3.0)).to(logitType);
    labels = torch.randint(CLASSES, new long[] {ROWS});
    weights = torch.randn(FEATURES, CLASSES).mul(new Scalar(0.5));
    weights.set_requires_grad(true);
  }

  /** Logits of the present weights; part of PyTorch's graph. */
  Tensor logits() {
    return x.matmul(weights).to(logitType);
  }

  /** Backward through Temper's loss: its gradient with respect to the logits, which PyTorch takes on to the weights. */
  Tensor backwardWithTemper(Tensor logits, LossEngine engine, DistillationLoss loss) {
    Tensor gradient = torch.empty_like(logits);
    LossInputs inputs = LossInputs.of(SharedMemory.matrix(logits))
        .withTeacher(Teacher.logits(SharedMemory.matrix(teacher)))
        .withLabels(SharedMemory.labels(labels));
    engine.forwardBackward(loss, inputs, LossOutputs.gradient(SharedMemory.matrix(gradient))).totals();
    logits.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
    return gradient;
  }

  /** Backward through PyTorch's own loss. */
  void backwardWithTorch(Tensor logits) {
    TorchFormula.USUAL.loss(logits, teacher, labels, TEMPERATURE, SOFT_WEIGHT, HARD_WEIGHT).backward();
  }

  /** PyTorch's gradient with respect to the given logits, all of it in f64. */
  Tensor exactGradient(Tensor logits) {
    Tensor exact = logits.detach().to(ScalarType.Double);
    exact.set_requires_grad(true);
    TorchFormula.USUAL.loss(exact, teacher.to(ScalarType.Double), labels, TEMPERATURE, SOFT_WEIGHT, HARD_WEIGHT)
        .backward();
    // grad() refers into the tensor that ends with this method: take a copy along.
    return exact.grad().clone();
  }

  /** One step of gradient descent, and a clean gradient for the next. */
  void descend(double rate) {
    weights.data().sub_(weights.grad(), new Scalar(rate));
    weights.mutable_grad().reset();
  }
}
