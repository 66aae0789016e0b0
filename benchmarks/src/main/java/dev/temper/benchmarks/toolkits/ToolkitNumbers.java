package dev.temper.benchmarks.toolkits;

import java.util.List;

/**
 * One small batch, and the loss of it by each toolkit.
 *
 * @param pytorch version of PyTorch that computed the values, in f64
 * @param batch the batch
 * @param losses one for each row of the table in {@code docs/coming-from.md}, in its order
 */
public record ToolkitNumbers(String pytorch, Batch batch, List<Loss> losses) {

  /**
   * Logits that f32 holds exactly, in {@code batch x sequence} rows.
   *
   * @param student [rows][classes]
   * @param teacher [rows][classes]
   * @param labels [rows]; -100 for a row that is left out
   * @param topK [rows][3], the teacher's most probable classes
   * @param union [rows][2], the most probable class of the teacher and that of the student; -1 if it is the same
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Batch(int batch, int sequence, double[][] student, double[][] teacher, long[] labels, long[][] topK,
      long[][] union) {}

  /**
   * One loss.
   *
   * @param toolkit name, and version or commit
   * @param source where the formula was read
   * @param call the call as people write it there
   * @param value its result for the batch
   */
  public record Loss(String toolkit, String source, String call, double value) {}
}
