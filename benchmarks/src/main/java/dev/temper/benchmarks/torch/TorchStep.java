package dev.temper.benchmarks.torch;

import dev.temper.HostMatrix;
import dev.temper.RowVector;
import dev.temper.tools.bench.LogitBatch;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Loss and gradient by PyTorch's autograd, over batches in the memory of Temper's views. */
public final class TorchStep {

  private record SharedBatch(Tensor student, Tensor teacher, Tensor labels) {}

  private final List<SharedBatch> batches;
  private final TorchFormula formula;
  private final double temperature;
  private int next;

  /** Also sets PyTorch's number of threads, for the whole process. */
  public TorchStep(List<LogitBatch> batches, TorchFormula formula, double temperature, int threads) {
    torch.set_num_threads(threads);
    this.formula = formula;
    this.temperature = temperature;
    this.batches = batches.stream().map(TorchStep::share).toList();
  }

  /** Computes loss and gradient of the next batch with weights of one half; returns the loss. */
  public double run() {
    SharedBatch batch = batches.get(next);
    next = (next + 1) % batches.size();
    // Frees this step's tensors at once, as reference counts do in Python.
    try (var _ = new PointerScope()) {
      Tensor loss = formula.loss(batch.student, batch.teacher, batch.labels, temperature, 0.5, 0.5);
      loss.backward();
      batch.student.mutable_grad().reset();
      return loss.item_double();
    }
  }

  private static SharedBatch share(LogitBatch batch) {
    Tensor student = SharedMemory.tensor((HostMatrix) batch.student());
    student.set_requires_grad(true);
    return new SharedBatch(student, SharedMemory.tensor((HostMatrix) batch.teacher()),
        SharedMemory.tensor((RowVector.Host) batch.labels()));
  }
}
