package dev.temper.kernel.run;

import dev.temper.DType;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.PrimitiveSpecialisation;
import dev.temper.spi.layout.PrimitiveParameters.Field;
import dev.temper.spi.layout.PrimitiveParameters.Primitive;
import dev.temper.spi.layout.PrimitiveParameters;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * One call of softmax, log-softmax, its backward pass, or argmax.
 *
 * @param primitive the operation
 * @param logits [rows, classes]
 * @param temperature temperature of the softmax
 * @param upstream gradient with respect to the log-probabilities, [rows, classes], for the backward pass only
 * @param output [rows, classes], for all but argmax
 * @param indices [rows], for argmax only
 */
record PrimitiveLaunch(Primitive primitive, MatrixView logits, double temperature, @Nullable MatrixView upstream,
    @Nullable MatrixView output, @Nullable RowVector indices) {

  static PrimitiveLaunch map(
      Primitive primitive, MatrixView logits, double temperature, @Nullable MatrixView upstream, MatrixView output) {
    return new PrimitiveLaunch(primitive, logits, temperature, upstream, output, null);
  }

  static PrimitiveLaunch argmax(MatrixView logits, RowVector indices) {
    return new PrimitiveLaunch(Primitive.ARGMAX, logits, 1, null, null, indices);
  }

  /** The kernel for these tensors. */
  PrimitiveSpecialisation kernel(DeviceLimits limits) {
    DType input = logits.dtype();
    return PrimitiveSpecialisation.choose(primitive, input, upstream != null ? upstream.dtype() : input,
        output != null ? output.dtype() : input, logits.classes(), limits);
  }

  /** Submits the call, and waits if the output must be copied to the host. The stream lock is held. */
  void run(PrimitiveSpecialisation kernel, Workspace workspace) {
    PlacedTensors tensors = new PlacedTensors(workspace);
    long input = tensors.input("logits", logits);
    long gradient = tensors.input("upstream", upstream);
    long target = indices != null ? tensors.output("output", indices) : tensors.output("output", output);
    try (Arena arena = Arena.ofConfined()) {
      PrimitiveParameters parameters = new PrimitiveParameters(arena.allocate(PrimitiveParameters.LAYOUT));
      parameters.write(primitive, logits, temperature, upstream, output, indices);
      parameters.set(Field.INPUT, input);
      parameters.set(Field.UPSTREAM, gradient);
      parameters.set(Field.OUTPUT, target);
      long shared = kernel.plan().sharedBytes(
          logits.classes(), logits.dtype().bytes(), upstream != null ? upstream.dtype().bytes() : 0);
      tensors.run(kernel, parameters.block(), kernel.plan().blocks(logits.rows()), shared);
    }
  }
}
