package dev.temper.benchmarks.torch;

import dev.temper.HostMatrix;
import dev.temper.RowVector;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Loss and gradients of hidden states and weight by PyTorch's linear layers and autograd, on the same memory. */
public final class TorchHeadStep {

  private final Tensor hidden;
  private final Tensor weight;
  private final Tensor teacherHidden;
  private final Tensor teacherWeight;
  private final Tensor labels;
  private final TorchFormula formula;
  private final double temperature;

  /** Also sets PyTorch's number of threads, for the whole process. */
  public TorchHeadStep(HostMatrix hidden, HostMatrix weight, HostMatrix teacherHidden, HostMatrix teacherWeight,
      RowVector.Host labels, TorchFormula formula, double temperature, int threads) {
    torch.set_num_threads(threads);
    this.hidden = SharedMemory.tensor(hidden);
    this.weight = SharedMemory.tensor(weight);
    this.teacherHidden = SharedMemory.tensor(teacherHidden);
    this.teacherWeight = SharedMemory.tensor(teacherWeight);
    this.labels = SharedMemory.tensor(labels);
    this.hidden.set_requires_grad(true);
    this.weight.set_requires_grad(true);
    this.formula = formula;
    this.temperature = temperature;
  }

  /** Computes loss and gradients with weights of one half; returns the loss. */
  public double run() {
    try (var _ = new PointerScope()) {
      Tensor loss = formula.loss(torch.linear(hidden, weight), torch.linear(teacherHidden, teacherWeight), labels,
          temperature, 0.5, 0.5);
      loss.backward();
      hidden.mutable_grad().reset();
      weight.mutable_grad().reset();
      return loss.item_double();
    }
  }
}
