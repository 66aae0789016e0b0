package dev.temper.tools.verify;

import dev.temper.MatrixView;
import dev.temper.OpenedEngine;
import dev.temper.RowVector;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;

/** Delegates to another engine; subclasses change the losses. */
abstract class DelegatingBackend implements EngineBackend {

  final EngineBackend delegate;

  DelegatingBackend(String device) {
    delegate = OpenedEngine.backend(device);
  }

  @Override
  public String describe() {
    return delegate.describe();
  }

  @Override
  public final Support supports(LossCall call) {
    return delegate.supports(call);
  }

  @Override
  public final void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    delegate.logSoftmax(logits, temperature, output);
  }

  @Override
  public final void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    delegate.logSoftmaxBackward(logits, temperature, upstream, output);
  }

  @Override
  public final void softmax(MatrixView logits, MatrixView output) {
    delegate.softmax(logits, output);
  }

  @Override
  public final void argmax(MatrixView logits, RowVector output) {
    delegate.argmax(logits, output);
  }

  @Override
  public final void close() {
    delegate.close();
  }
}
