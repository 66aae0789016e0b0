package dev.temper.diagnostics;

import dev.temper.MatrixView;

/**
 * The matrix products of a linear head without its losses, in the memory and on the timeline of an engine. Benchmarks
 * compare the time of a head with theirs. The caller closes the products before the engine.
 */
public interface HeadProducts extends AutoCloseable {

  /** The library of the products, such as {@code cuBLAS 12.9 through JCublas}. */
  String describe();

  /**
   * Submits {@code logits = hidden * weight^T}.
   *
   * @param hidden [rows, features]
   * @param weight [classes, features] of the same dtype
   * @param logits [rows, classes] F32 or of that dtype
   */
  void logits(MatrixView hidden, MatrixView weight, MatrixView logits);

  /**
   * Submits {@code result = gradient^T * hidden}.
   *
   * @param gradient [rows, classes]
   * @param hidden [rows, features] of the same dtype
   * @param result [classes, features] F32 or of that dtype
   */
  void weightGradient(MatrixView gradient, MatrixView hidden, MatrixView result);

  /**
   * Submits {@code result = gradient * weight}.
   *
   * @param gradient [rows, classes]
   * @param weight [classes, features] of the same dtype
   * @param result [rows, features] F32 or of that dtype
   */
  void hiddenGradient(MatrixView gradient, MatrixView weight, MatrixView result);

  @Override
  void close();
}
