import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Trains a student of PyTorch's JVM binding (org.bytedeco:pytorch-platform) with Temper's loss, which reads and writes
 * PyTorch's own memory.
 *
 * <p>What can go wrong, and what prevents it:
 * <ul>
 *   <li>{@code scalar_type()} returns a new object at each call, which never equals a constant of the enum. {@code
 *       intern()} returns the constant.
 *   <li>A view does not keep its tensor alive. The tensor must stay reachable until the call returns, as the locals
 *       below do. A {@link PointerScope} frees the tensors of a step at the end of the step.
 *   <li>The gradient may overwrite the logits ({@code LossOutputs.gradientInPlace}) only if the backward pass of the
 *       model does not read them: a matrix product does not, a softcap or a log-softmax after it does. A separate
 *       buffer is always safe.
 *   <li>The memory of a tensor that is not contiguous does not have the layout of its shape. Call {@code contiguous()}
 *       first.
 * </ul>
 *
 * <p>Run, with the jars of the binding on the class path: java -cp temper.jar:... examples/PyTorchStudent.java
 */
final class PyTorchStudent {

  static final int ROWS = 64;
  static final int FEATURES = 32;
  static final int CLASSES = 100;
  static final int STEPS = 100;

  public static void main(String[] args) {
    torch.manual_seed(1);
    torch.set_num_threads(1);
    Tensor truth = torch.randn(FEATURES, CLASSES);
    Tensor weights = torch.zeros(FEATURES, CLASSES);
    weights.set_requires_grad(true);
    DistillationLoss loss = DistillationLoss.hinton(2.0, 0.7);
    double first = Double.NaN;
    double last = Double.NaN;
    try (LossEngine engine = LossEngine.open("auto")) {
      for (int step = 0; step < STEPS; step++) {
        try (PointerScope scope = new PointerScope()) {
          Tensor x = torch.randn(ROWS, FEATURES);
          Tensor teacher = x.matmul(truth);
          Tensor labels = teacher.argmax(new LongOptional(1), false);
          Tensor logits = x.matmul(weights);
          Tensor gradient = torch.empty_like(logits);
          LossInputs inputs = LossInputs.of(matrix(logits)).withTeacher(Teacher.logits(matrix(teacher)))
              .withLabels(labels(labels));
          LossTotals totals = engine.forwardBackward(loss, inputs, LossOutputs.gradient(matrix(gradient))).totals();
          logits.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
          weights.data().sub_(weights.grad(), new Scalar(5.0));
          weights.mutable_grad().zero_();
          first = step == 0 ? totals.total() : first;
          last = totals.total();
        }
      }
    }
    System.out.printf("loss %.3f at the first step, %.3f at the last%n", first, last);
  }

  // Conversions of PyTorch's tensors to Temper's views.
  static HostMatrix matrix(Tensor t) {
    return HostMatrix.of(memory(t), t.size(0), Math.toIntExact(t.size(1)), dtype(t));
  }

  static RowVector labels(Tensor t) {
    return RowVector.labels(memory(t), t.numel(), dtype(t));
  }

  static MemorySegment memory(Tensor t) {
    return MemorySegment.ofAddress(t.data_ptr().address()).reinterpret(t.nbytes());
  }

  static DType dtype(Tensor t) {
    return switch (t.scalar_type().intern()) {
      case Float -> DType.F32;
      case BFloat16 -> DType.BF16;
      case Half -> DType.F16;
      case Long -> DType.I64;
      default -> throw new IllegalArgumentException("tensor has dtype " + t.scalar_type()
          + ", expected a float or int64");
    };
  }
}
