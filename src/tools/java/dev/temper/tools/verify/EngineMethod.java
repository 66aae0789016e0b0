package dev.temper.tools.verify;

/** The method of the engine that a case calls. */
enum EngineMethod {
  FORWARD,
  FORWARD_BACKWARD,
  BACKWARD,
  LOG_SOFTMAX,
  LOG_SOFTMAX_BACKWARD,
  SOFTMAX,
  ARGMAX;

  boolean isLoss() {
    return this == FORWARD || this == FORWARD_BACKWARD || this == BACKWARD;
  }
}
