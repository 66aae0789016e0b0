package dev.temper.tools.verify;

import dev.temper.LogitMatrix;
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
  public final void logSoftmax(LogitMatrix logits, double temperature, LogitMatrix output) {
    sound.logSoftmax(logits, temperature, output);
  }

  @Override
  public final void logSoftmaxBackward(LogitMatrix logits, double temperature, LogitMatrix upstream, LogitMatrix output) {
    sound.logSoftmaxBackward(logits, temperature, upstream, output);
  }

  @Override
  public final void softmax(LogitMatrix logits, LogitMatrix output) {
    sound.softmax(logits, output);
  }

  @Override
  public final void argmax(LogitMatrix logits, RowVector output) {
    sound.argmax(logits, output);
  }

  @Override
  public final void close() {
    sound.close();
  }
}
