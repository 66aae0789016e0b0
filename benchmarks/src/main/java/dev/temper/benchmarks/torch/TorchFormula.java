package dev.temper.benchmarks.torch;

import org.bytedeco.pytorch.KLDivLossOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.kBatchMean;

/**
 * The loss in PyTorch: {@code softWeight * T^2 * KL + hardWeight * CE}, both averaged over the rows. PyTorch's
 * {@code mean} of a KL divides by the classes too; {@code batchmean} divides by the first dimension only.
 */
public enum TorchFormula {
  /** {@code kl_div(log_softmax(z/T), softmax(u/T))}, the form of most tutorials. */
  USUAL,
  /** {@code kl_div(log_softmax(z/T), log_softmax(u/T), log_target)}, which saves the logarithm of the target. */
  LOG_TARGET;

  private static final int CLASSES = 1;

  /**
   * The loss, ready for {@code backward()}.
   *
   * @param student [rows, classes]
   * @param teacher [rows, classes]
   * @param labels [rows] int64, none of them ignored
   */
  public Tensor loss(Tensor student, Tensor teacher, Tensor labels, double temperature, double softWeight,
      double hardWeight) {
    Scalar t = new Scalar(temperature);
    Tensor target = switch (this) {
      case USUAL -> torch.softmax(teacher.div(t), CLASSES);
      case LOG_TARGET -> torch.log_softmax(teacher.div(t), CLASSES);
    };
    KLDivLossOptions options = new KLDivLossOptions(new kBatchMean());
    options.log_target().put(this == LOG_TARGET);
    Tensor soft = torch.kl_div(torch.log_softmax(student.div(t), CLASSES), target, options);
    Tensor hard = torch.cross_entropy(student, labels);
    return soft.mul(new Scalar(softWeight * temperature * temperature)).add(hard.mul(new Scalar(hardWeight)));
  }
}
