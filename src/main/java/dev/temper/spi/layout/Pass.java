package dev.temper.spi.layout;

import dev.temper.spi.LossCall;

/** What a call computes: {@code temper::PassKind} of {@code kernels/parameters.h}. */
public enum Pass {
  /** Row losses, and row statistics if there is memory for them. */
  FORWARD(0),
  /** Row losses and gradient. */
  FORWARD_BACKWARD(1),
  /** The gradient, from saved row statistics. */
  BACKWARD(2);

  private final int code;

  Pass(int code) {
    this.code = code;
  }

  /** Returns whether the pass computes row losses and totals. */
  public boolean isForward() {
    return this != BACKWARD;
  }

  /** Returns the number in C++. */
  int code() {
    return code;
  }

  /** Returns the pass of a call. */
  public static Pass of(LossCall call) {
    return call.savedStatistics() != null ? BACKWARD : call.outputs().gradient() != null ? FORWARD_BACKWARD : FORWARD;
  }
}
