package dev.temper.tools.verify;

import dev.temper.MatrixView;
import dev.temper.OpenedEngine;
import dev.temper.RowVector;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;

/** Another engine's work, but for the losses. */
abstract class DelegatingBackend implements EngineBackend {

  final EngineBackend sound;

  DelegatingBackend(String device) {
    sound = OpenedEngine.backend(device);
  }

  @Override
  public String describe() {
    return sound.describe();
  }

  @Override
  public final String refuses(LossCall call) {
    return sound.refuses(call);
  }

  @Override
  public final void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    sound.logSoftmax(logits, temperature, output);
  }

  @Override
  public final void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    sound.logSoftmaxBackward(logits, temperature, upstream, output);
  }

  @Override
  public final void softmax(MatrixView logits, MatrixView output) {
    sound.softmax(logits, output);
  }

  @Override
  public final void argmax(MatrixView logits, RowVector output) {
    sound.argmax(logits, output);
  }

  @Override
  public final void close() {
    sound.close();
  }
}
