package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.io.MappedFile;
import dev.temper.io.Tensor;
import dev.temper.tools.files.InputFile;
import dev.temper.tools.files.SafetensorsWriter;
import dev.temper.tools.files.TensorFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper loss}: one batch from a file, its loss to stdout, its gradient to a file. */
@Command(
    name = "loss",
    description = {
      "Computes the loss and the gradient of one batch from a file.",
      "Without --output the gradient is not computed. The batch holds logits, not probabilities (log-probabilities are"
          + " logits too)."
    },
    footer = {"", "Which device computes which losses today:", DeviceTable.TEXT})
final class LossCommand implements Callable<Integer> {

  private static final int ALIGNMENT = 64;

  enum GradientDType {
    STUDENT,
    F32
  }

  /** Reads {@link GradientDType}. */
  static final class GradientDTypeName implements ITypeConverter<GradientDType> {
    @Override
    public GradientDType convert(String text) {
      return LossOptions.choose("type", text, GradientDType.values(), type -> type.name().toLowerCase(Locale.ROOT));
    }
  }

  @Option(names = "--input", required = true, paramLabel = "FILE",
      description = "The batch (.safetensors or .npz): student and teacher [rows, classes], labels [rows]; row_weights"
          + " and row_temperatures [rows] are optional. Rows may be several leading dimensions, such as [batch,"
          + " sequence].")
  private Path input;

  @Option(names = "--output", paramLabel = "FILE",
      description = "Safetensors file for the gradient (shape of student) and for row_soft and row_hard [rows].")
  private @Nullable Path output;

  @Mixin private LossOptions options;

  @Option(names = "--denominator", paramLabel = "D",
      description = "Divisor of a mean, such as a global token count (default: the number of rows).")
  private @Nullable Double denominator;

  @Option(names = "--gradient-scale", paramLabel = "G", defaultValue = "1",
      description = "Factor on the gradient but not on the loss (default: ${DEFAULT-VALUE}).")
  private double gradientScale;

  @Option(names = "--gradient-dtype", paramLabel = "TYPE", converter = GradientDTypeName.class,
      defaultValue = "student",
      description = "Type of the gradient: student (that of the student's logits) or f32 (default: ${DEFAULT-VALUE}).")
  private GradientDType gradientDType;

  @Mixin private DeviceOption device;

  @Mixin private OutputOptions results;

  @Override
  public Integer call() throws IOException {
    checkOutput();
    DistillationLoss loss = options.loss();
    try (InputFile file = TensorFiles.open(input);
        Arena arena = Arena.ofShared();
        LossEngine engine = device.open(results)) {
      InputBatch batch = InputBatch.read(file, loss);
      if (!file.conversions().isEmpty()) {
        results.note(input + ": converted " + String.join(", ", file.conversions()));
      }
      List<Tensor> written = output == null ? List.of() : allocate(arena, batch);
      long start = System.nanoTime();
      LossTotals totals = compute(engine, loss, batch, written);
      double milliseconds = (System.nanoTime() - start) / 1e6;
      if (output != null) {
        SafetensorsWriter.write(output, written);
      }
      new LossReport(totals, loss, denominator, gradientScale, engine, milliseconds).print(results);
    }
    return 0;
  }

  private LossTotals compute(LossEngine engine, DistillationLoss loss, InputBatch batch, List<Tensor> written)
      throws IOException {
    try {
      LossInputs inputs = batch.inputs().withGradientScale(gradientScale);
      if (denominator != null) {
        inputs = inputs.withDenominator(denominator);
      }
      if (written.isEmpty()) {
        return engine.forward(loss, inputs).totals();
      }
      Tensor gradient = written.getFirst();
      HostMatrix student = (HostMatrix) inputs.student();
      LossOutputs outputs = LossOutputs
          .gradient(HostMatrix.of(gradient.data(), student.rows(), student.classes(), gradient.dtype()))
          .withRowSoft(rowVector(written.get(1)))
          .withRowHard(rowVector(written.get(2)));
      return engine.forwardBackward(loss, inputs, outputs).totals();
    } catch (InternalError e) {
      throw MappedFile.shortened(input, e);
    }
  }

  /** The tensors of the output file: gradient, row_soft and row_hard. */
  private List<Tensor> allocate(Arena arena, InputBatch batch) {
    Tensor student = batch.student();
    DType dtype = gradientDType == GradientDType.F32 ? DType.F32 : student.dtype();
    List<Tensor> tensors = new ArrayList<>();
    tensors.add(allocate(arena, "gradient", dtype, student.shape()));
    tensors.add(allocate(arena, "row_soft", DType.F32, batch.leadingShape()));
    tensors.add(allocate(arena, "row_hard", DType.F32, batch.leadingShape()));
    return tensors;
  }

  private static Tensor allocate(Arena arena, String name, DType dtype, List<Long> shape) {
    long elements = shape.stream().reduce(1L, (a, b) -> a * b);
    MemorySegment data = arena.allocate(elements * dtype.bytes(), ALIGNMENT);
    return new Tensor(name, dtype, shape, data);
  }

  private static RowVector rowVector(Tensor tensor) {
    return RowVector.losses(tensor.data(), tensor.elements(), tensor.dtype());
  }

  private void checkOutput() throws IOException {
    if (output == null) {
      return;
    }
    OutputFile.check("--output", output);
    if (!output.toString().endsWith(".safetensors")) {
      throw new IllegalArgumentException("--output is " + output + ", expected a name that ends in .safetensors");
    }
    if (Files.exists(output) && Files.exists(input) && Files.isSameFile(output, input)) {
      throw new IllegalArgumentException("--output is " + output + ", the input itself; expected another file");
    }
  }
}
