package dev.temper.internal;

import dev.temper.DType;
import dev.temper.LossArgumentException;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.TopKLists;
import java.util.List;
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

  public void topK(MatrixView logits, TopKLists into) {
    if (into.ids().rows() != logits.rows() || into.classes() != logits.classes()) {
      throw new LossArgumentException("the lists are of ", into.ids().rows(), " rows and ", into.classes(),
          " classes, expected those of logits, which are ", logits.describe());
    }
    MatrixView logs = into.logProbabilities();
    if (logs.dtype() != DType.F32 || logs.rowStride() != into.ids().k()) {
      throw new LossArgumentException("teacher_log_probs is ", logs.describe(), " with row stride ", logs.rowStride(),
          ", expected F32 without gaps between the rows");
    }
    CallTensor read = CallTensor.of("logits", logits);
    read.requireReadable();
    requireReachable(read);
    List<CallTensor> written = List.of(CallTensor.of("teacher_ids", into.ids().values()),
        CallTensor.of("teacher_log_probs", logs), CallTensor.of("teacher_lse", into.logSumExp()),
        CallTensor.of("teacher_mass", into.mass()), CallTensor.of("teacher_log_tail", into.logTail()));
    for (int i = 0; i < written.size(); i++) {
      CallTensor output = written.get(i);
      output.requireWritable();
      output.requireDisjoint(read);
      written.subList(0, i).forEach(output::requireDisjoint);
      requireReachable(output);
    }
  }

  private void requireReachable(CallTensor... tensors) {
    if (hostOnly != null) {
      for (CallTensor tensor : tensors) {
        tensor.requireHost(hostOnly);
      }
    }
  }
}
