package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.io.MappedFile;
import dev.temper.io.TopKFile;
import dev.temper.tools.files.InputFile;
import dev.temper.io.SafetensorsWriter;
import dev.temper.tools.files.TensorFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper loss}: computes the loss of one batch from a file, and writes its gradient to a file. */
@Command(
    name = "loss",
    description = {
      "Computes the loss and the gradient of one batch from a file.",
      "Without --output the gradient is not computed. Student and teacher are logits, not probabilities, unless"
          + " --teacher-form says otherwise (log-probabilities at T = 1 are logits too)."
    },
    footer = {"", "Which device computes which losses today:", DeviceTable.TEXT})
final class LossCommand implements Callable<Integer> {

  @Option(names = "--input", required = true, paramLabel = "FILE",
      description = "The batch (.safetensors or .npz): student and teacher [rows, classes], labels [rows]; row_weights"
          + " and row_temperatures [rows] are optional, gradient is added to under --accumulate. Rows may be several"
          + " leading dimensions, such as [batch, sequence]. In place of logits, student_hidden [rows, features],"
          + " student_weight [classes, features] and student_bias [classes], and the same of the teacher.")
  private Path input;

  @Option(names = "--output", paramLabel = "FILE",
      description = "Safetensors file for the gradient (shape of student) and for row_soft and row_hard [rows]; for"
          + " hidden states gradient_hidden, gradient_weight and gradient_bias.")
  private @Nullable Path output;

  @Mixin private LossOptions options;

  @Mixin private TeacherOptions teacher;

  @Mixin private CallOptions callOptions;

  @Mixin private DeviceOption device;

  @Mixin private OutputOptions results;

  @Override
  public Integer call() throws IOException {
    checkOutput();
    DistillationLoss loss = options.loss();
    options.withoutEffect().forEach(results::note);
    try (InputFile file = TensorFiles.open(input);
        Arena arena = Arena.ofShared();
        TopKFile cache = teacher.file == null ? null : cache(teacher.file);
        LossEngine engine = device.open(results, callOptions.engine())) {
      InputBatch batch = InputBatch.read(file, loss, teacher, cache == null ? null
          : cache.lists().teacher(teacher.tail()), callOptions.accumulate);
      if (batch.head() == null) {
        callOptions.refuseHeadOptions();
      }
      if (!file.conversions().isEmpty()) {
        results.note(input + ": converted " + String.join(", ", file.conversions()));
      }
      LossInputs inputs = callOptions.apply(batch.inputs());
      ResultTensors written = output == null ? ResultTensors.none() : allocate(arena, batch, loss);
      written.notes().forEach(results::note);
      long start = System.nanoTime();
      LossResult result = compute(engine, loss, inputs, written.outputs());
      LossTotals totals = result.totals();
      double milliseconds = (System.nanoTime() - start) / 1e6;
      if (output != null) {
        SafetensorsWriter.write(output, written.tensors());
      }
      new LossReport(totals, loss, inputs, engine, result.workspace(), milliseconds).print(results);
    }
    return 0;
  }

  private static TopKFile cache(Path file) throws IOException {
    try {
      return TopKFile.open(file);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(e.getMessage() + "; --teacher reads a file that temper topk wrote", e);
    }
  }

  private ResultTensors allocate(Arena arena, InputBatch batch, DistillationLoss loss) throws IOException {
    try {
      return ResultTensors.of(arena, batch, loss, callOptions);
    } catch (InternalError e) {
      throw MappedFile.shortened(input, e);
    }
  }

  private LossResult compute(LossEngine engine, DistillationLoss loss, LossInputs inputs, LossOutputs outputs)
      throws IOException {
    LossOutputs wanted = callOptions.temperatureGradient ? outputs.withTemperatureGradient() : outputs;
    try {
      LossResult result = wanted.hasGradient()
          ? engine.forwardBackward(loss, inputs, wanted)
          : engine.forward(loss, inputs, wanted);
      result.totals(); // The file must stay readable until the totals are complete.
      return result;
    } catch (InternalError e) {
      throw MappedFile.shortened(input, e);
    }
  }

  private void checkOutput() throws IOException {
    if (output == null) {
      callOptions.requireNoOutput();
      return;
    }
    OutputFile.checkTensors("--output", output, input);
  }
}
