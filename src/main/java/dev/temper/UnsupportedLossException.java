package dev.temper;

import java.util.ArrayList;
import java.util.List;

/** A loss that the engine of a device does not compute. Other engines may compute it. */
public final class UnsupportedLossException extends LossArgumentException {
  private static final long serialVersionUID = 1L;

  private final String device;
  private final String reason;

  /**
   * Creates an exception of the engine of {@code device}. {@code reason} holds words of {@link LossArgumentException}.
   */
  UnsupportedLossException(String device, List<Object> reason) {
    super(sentence(device, reason));
    this.device = device;
    this.reason = text(reason);
  }

  /** Name of the device whose engine refuses, such as {@code cpu}. */
  public String device() {
    return device;
  }

  /** What the engine lacks, with the option and its value. */
  public String reason() {
    return reason;
  }

  private static Object[] sentence(String device, List<Object> reason) {
    List<Object> words = new ArrayList<>(List.of(device, " cannot compute this loss: "));
    words.addAll(reason);
    return words.toArray();
  }
}
