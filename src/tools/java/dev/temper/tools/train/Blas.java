package dev.temper.tools.train;

/**
 * The three matrix products that a dense layer needs, in f32: one for its forward pass and two for its backward pass.
 */
interface Blas {

  /** {@code result = left * right}. */
  void product(Matrix left, Matrix right, Matrix result);

  /** {@code result = left^T * right}: the gradient by a layer's weights. */
  void productOfTransposed(Matrix left, Matrix right, Matrix result);

  /** {@code result = left * right^T}: the gradient by a layer's inputs. */
  void productByTransposed(Matrix left, Matrix right, Matrix result);

  /** The name of the library and its number of threads. */
  String describe();
}
