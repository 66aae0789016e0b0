package dev.temper.benchmarks.toolkits;

import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The batch as tensors in f64, and the steps that the toolkits share. */
final class ToolkitBatch {

  static final long CLASSES = 1;
  private static final long IGNORED = -100;

  final Tensor student;
  final Tensor teacher;
  final Tensor labels;
  final Tensor topK;
  final Tensor union;
  /** 1 in a row with a label, 0 in a row that is left out, [rows]. */
  final Tensor mask;

  ToolkitBatch(ToolkitNumbers.Batch batch) {
    student = matrix(batch.student());
    teacher = matrix(batch.teacher());
    labels = Tensor.create(batch.labels());
    topK = matrix(batch.topK());
    union = matrix(batch.union());
    mask = labels.ne(new Scalar(IGNORED)).to(ScalarType.Double);
  }

  /** {@code log q}, [rows, classes]. */
  Tensor logStudent(double temperature) {
    return torch.log_softmax(student.div(new Scalar(temperature)), CLASSES);
  }

  /** {@code log p}, [rows, classes]. */
  Tensor logTeacher(double temperature) {
    return torch.log_softmax(teacher.div(new Scalar(temperature)), CLASSES);
  }

  /** The sum of each row, [rows]. */
  static Tensor sum(Tensor terms) {
    return terms.sum(CLASSES);
  }

  /** {@code sum p (log p - log q)} of each row; the classes may be a few. */
  static Tensor kl(Tensor logP, Tensor logQ) {
    return sum(logP.exp().mul(logP.sub(logQ)));
  }

  /** {@code beta KL(p, m) + (1 - beta) KL(q, m)}, {@code m = beta p + (1 - beta) q}, of each row. */
  static Tensor jensenShannon(Tensor logP, Tensor logQ, double beta) {
    Tensor logM = mixture(logP, logQ, beta);
    return kl(logP, logM).mul(new Scalar(beta)).add(kl(logQ, logM).mul(new Scalar(1 - beta)));
  }

  /** {@code log(share p + (1 - share) q)}. */
  static Tensor mixture(Tensor logP, Tensor logQ, double share) {
    return logP.exp().mul(new Scalar(share)).add(logQ.exp().mul(new Scalar(1 - share))).log();
  }

  /** The values of some classes less their log-sum-exp. */
  static Tensor renormalised(Tensor logs) {
    return logs.sub(torch.logsumexp(logs, new long[] {CLASSES}, true));
  }

  /** The mean over the rows with a label. */
  double meanOfLabelled(Tensor rows) {
    return rows.mul(mask).sum().div(mask.sum()).item_double();
  }

  /** The mean cross-entropy of the rows with a label, at T = 1. */
  double hard() {
    Tensor index = labels.clamp_min(new Scalar(0L)).unsqueeze(CLASSES);
    return meanOfLabelled(logStudent(1).gather(CLASSES, index).squeeze(CLASSES).neg());
  }

  private static Tensor matrix(double[][] rows) {
    double[] values = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    return Tensor.create(values, rows.length, rows[0].length);
  }

  private static Tensor matrix(long[][] rows) {
    long[] values = Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray();
    return Tensor.create(values, rows.length, rows[0].length);
  }
}
