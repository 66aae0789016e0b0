package dev.temper;

import dev.temper.spi.EngineBackend;

/** A backend of losses for tests. It has no softmax, log-softmax and argmax. */
public abstract class LossBackend implements EngineBackend {

  private final String name;

  protected LossBackend(String name) {
    this.name = name;
  }

  @Override
  public final String describe() {
    return name;
  }

  @Override
  public final void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public final void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public final void softmax(MatrixView logits, MatrixView output) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public final void argmax(MatrixView logits, RowVector output) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public void close() {}
}
