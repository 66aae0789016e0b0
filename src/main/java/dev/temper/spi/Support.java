package dev.temper.spi;

import dev.temper.LossOption;
import java.util.List;

/** Whether an engine computes a loss. */
public sealed interface Support {

  /** The engine computes the loss. */
  record Yes() implements Support {}

  /**
   * The engine does not compute the loss.
   *
   * @param reason what it lacks, as words of {@link dev.temper.LossArgumentException}: strings, numbers and {@link LossOption}
   */
  record No(List<Object> reason) implements Support {
    /** Keeps a copy of the words. */
    public No {
      reason = List.copyOf(reason);
    }
  }

  /** The engine computes the loss. */
  static Support yes() {
    return new Yes();
  }

  /** The engine does not compute the loss; {@code reason} is put together without spaces between its words. */
  static Support no(Object... reason) {
    return new No(List.of(reason));
  }
}
