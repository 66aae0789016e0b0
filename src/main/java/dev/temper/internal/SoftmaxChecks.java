package dev.temper.internal;

import dev.temper.MatrixView;
import dev.temper.RowVector;
import org.jspecify.annotations.Nullable;

/**
 * Checks softmax, log-softmax, its backward and argmax before they reach an engine.
 *
 * @param hostOnly the device of the engine if it computes in host memory, else null
 */
public record SoftmaxChecks(@Nullable String hostOnly) {

  public void softmax(MatrixView logits, MatrixView output) {
    LossChecks.requireMappable("logits", logits, "output", output);
    requireReachable(CallTensor.of("logits", logits), CallTensor.of("output", output));
  }

  public void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    LossChecks.requireTemperature(temperature);
    softmax(logits, output);
  }

  public void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    LossChecks.requireTemperature(temperature);
    LossChecks.requireMappable("logits", logits, "output", output);
    LossChecks.requireMappable("upstream", upstream, "output", output);
    requireReachable(CallTensor.of("logits", logits), CallTensor.of("upstream", upstream),
        CallTensor.of("output", output));
  }

  public void argmax(MatrixView logits, RowVector output) {
    LossChecks.requireLabelVector("output", output, logits.rows());
    CallTensor read = CallTensor.of("logits", logits);
    CallTensor written = CallTensor.of("output", output);
    read.requireReadable();
    written.requireWritable();
    written.requireDisjoint(read);
    requireReachable(read, written);
  }

  /** Checks the logits of lists, which are made in host memory. */
  public void topK(MatrixView logits) {
    CallTensor read = CallTensor.of("logits", logits);
    read.requireReadable();
    read.requireHost(hostOnly == null ? "auto" : hostOnly);
  }

  private void requireReachable(CallTensor... tensors) {
    if (hostOnly != null) {
      for (CallTensor tensor : tensors) {
        tensor.requireHost(hostOnly);
      }
    }
  }
}
