package dev.temper.kernel.run;

import dev.temper.DType;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.spec.PrimitiveParameters;
import dev.temper.kernel.spec.PrimitiveSpecialisation;
import dev.temper.kernel.spec.PrimitiveSpecialisation.Primitive;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One call of softmax, log-softmax, its backward, or argmax.
 *
 * @param primitive which one
 * @param logits [rows, classes]
 * @param temperature T
 * @param upstream [rows, classes], of the backward alone
 * @param output [rows, classes], of all but argmax
 * @param indices [rows], of argmax alone
 */
record PrimitiveRun(Primitive primitive, MatrixView logits, double temperature, @Nullable MatrixView upstream,
    @Nullable MatrixView output, @Nullable RowVector indices) {

  static PrimitiveRun map(
      Primitive primitive, MatrixView logits, double temperature, @Nullable MatrixView upstream, MatrixView output) {
    return new PrimitiveRun(primitive, logits, temperature, upstream, output, null);
  }

  static PrimitiveRun argmax(MatrixView logits, RowVector indices) {
    return new PrimitiveRun(Primitive.ARGMAX, logits, 1, null, null, indices);
  }

  void run(Workspace workspace) {
    if (logits.rows() == 0) {
      return;
    }
    KernelDevice device = workspace.device();
    ResidentTensors tensors = new ResidentTensors(workspace);
    long input = tensors.read("logits", logits);
    long gradient = tensors.read("upstream", upstream);
    long target = indices != null ? tensors.write("output", indices) : tensors.write("output", output);
    int outputBytes = indices != null ? indices.dtype().bytes() : 0;
    DType outputType = output != null ? output.dtype() : logits.dtype();
    PrimitiveSpecialisation kernel = PrimitiveSpecialisation.choose(primitive, logits.dtype(),
        upstream != null ? upstream.dtype() : logits.dtype(), outputType, logits.classes(), device.limits());
    tensors.upload();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = arena.allocate(PrimitiveParameters.LAYOUT);
      new PrimitiveParameters(input, gradient, target, logits.rows(), logits.rowStride(),
          upstream != null ? upstream.rowStride() : 0, output != null ? output.rowStride() : 0, logits.classes(),
          output != null ? output.classes() : 0, temperature, outputBytes).write(parameters);
      device.load(kernel);
      long shared = kernel.plan().sharedBytes(logits.classes(), logits.dtype().bytes(), upstream != null ? upstream.dtype().bytes() : 0);
      try (KernelLaunch launch = device.prepare(kernel, parameters, kernel.plan().blocks(logits.rows()), shared)) {
        launch.run();
      }
    }
    tensors.download();
  }
}
