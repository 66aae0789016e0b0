package dev.temper.spi;

import dev.temper.LossOption;
import java.util.List;

/** States whether an engine supports a loss. */
public sealed interface Support {

  /** States that the engine supports the loss. */
  record Yes() implements Support {}

  /**
   * States that the engine does not support the loss.
   *
   * @param reason the unsupported option or input as parts of a {@link dev.temper.LossArgumentException}: strings,
   *     numbers and {@link LossOption}
   */
  record No(List<Object> reason) implements Support {
    public No {
      reason = List.copyOf(reason);
    }
  }

  /** Returns that the engine supports the loss. */
  static Support yes() {
    return new Yes();
  }

  /**
   * Returns that the engine does not support the loss. The message joins the parts of {@code reason} without spaces.
   */
  static Support no(Object... reason) {
    return new No(List.of(reason));
  }
}
