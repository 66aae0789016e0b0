package dev.temper;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The last layer of a model, which makes logits of hidden states: {@code logits = hidden * weight^T + bias}. The weight
 * has the layout of PyTorch's {@code nn.Linear}. Immutable; the memory belongs to the caller.
 *
 * <p>{@link LossInputs#hidden} and {@link Teacher#hidden} take a head. The loss and the gradients are then computed in
 * chunks of rows, so that the logits of all rows never lie in memory at once.
 *
 * <p>Between the products the gradient with respect to the logits has the dtype of the head. For F16, row weights above
 * 1,024 are scaled down in this gradient by a power of two, and the products scale up again. A recorded CUDA graph does
 * not scale them, because they may change between replays.
 */
public final class LinearHead {

  private final MatrixView weight;
  private final @Nullable MatrixView bias;

  private LinearHead(MatrixView weight, @Nullable MatrixView bias) {
    this.weight = weight;
    this.bias = bias;
  }

  /**
   * Returns a head without a bias.
   *
   * @param weight [classes, features] F32, BF16 or F16; its dtype is that of the hidden states
   * @throws IllegalArgumentException if there is no class, or if the rows are not apart from each other
   */
  public static LinearHead of(MatrixView weight) {
    Objects.requireNonNull(weight, "the weight of the head is null, expected a matrix");
    if (weight.rows() < 1 || weight.rows() > Integer.MAX_VALUE || weight.rowStride() == 0) {
      throw new IllegalArgumentException("the weight of the head is " + weight.describe() + ", expected [classes, "
          + "features] with 1 to 2147483647 classes whose rows are apart from each other");
    }
    return new LinearHead(weight, null);
  }

  /**
   * Returns this head with a bias.
   *
   * @param value [1, classes] in the dtype of the weight; null for none
   * @throws IllegalArgumentException if shape or dtype differ
   */
  public LinearHead withBias(@Nullable MatrixView value) {
    if (value != null && (value.rows() != 1 || value.classes() != classes() || value.dtype() != weight.dtype())) {
      throw new IllegalArgumentException("the bias of the head is " + value.describe() + ", expected [1, " + classes()
          + "] " + weight.dtype() + ", one value for each class of the weight " + weight.describe());
    }
    return new LinearHead(weight, value);
  }

  /** The weight, [classes, features]. */
  public MatrixView weight() {
    return weight;
  }

  /** The bias, [1, classes]; null where there is none. */
  public @Nullable MatrixView bias() {
    return bias;
  }

  /** Number of logits of a row, padding included. */
  public int classes() {
    return (int) weight.rows();
  }

  /** Number of features of a hidden state. */
  public int features() {
    return weight.classes();
  }

  /** Element type of weight, bias and hidden states. */
  public DType dtype() {
    return weight.dtype();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LinearHead head && head.weight.equals(weight) && Objects.equals(head.bias, bias);
  }

  @Override
  public int hashCode() {
    return Objects.hash(weight, bias);
  }

  /** Shape and dtype, such as {@code head [50257, 768] F32 with bias}. */
  @Override
  public String toString() {
    return "head " + weight.describe() + (bias == null ? "" : " with bias");
  }
}
