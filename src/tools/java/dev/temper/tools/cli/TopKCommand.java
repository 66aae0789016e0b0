package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.Teacher;
import dev.temper.TopKLists;
import dev.temper.io.TopKFile;
import dev.temper.tools.files.InputFile;
import dev.temper.tools.files.PlainNumber;
import dev.temper.tools.files.TensorFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper topk}: writes the most probable classes of a teacher to a file that replaces its logits. */
@Command(
    name = "topk",
    description = {
      "Writes the most probable classes of each row of a teacher to a file, with log-probabilities over all classes.",
      "temper loss --teacher reads the file."
    })
final class TopKCommand implements Callable<Integer> {

  /** The JSON document of {@code temper topk}. */
  record Document(long rows, int k, int classes, double temperature, long bytes, String device, double milliseconds) {}

  @Option(names = "--input", required = true, paramLabel = "FILE",
      description = "File (.safetensors or .npz) with the logits teacher [rows, classes].")
  private Path input;

  @Option(names = "--k", required = true, paramLabel = "K", description = "Classes of a row, 1 to 256.")
  private int k;

  @Option(names = "--temperature", required = true, paramLabel = "T",
      description = "Temperature of the log-probabilities: that of the loss that will read them.")
  private double temperature;

  @Option(names = "--output", required = true, paramLabel = "FILE",
      description = "Safetensors file for teacher_ids, teacher_log_probs, teacher_lse, teacher_mass, teacher_log_tail.")
  private Path output;

  @Mixin private DeviceOption device;

  @Mixin private OutputOptions results;

  @Override
  public Integer call() throws IOException {
    requireRanges();
    OutputFile.checkTensors("--output", output, input);
    try (InputFile file = TensorFiles.open(input)) {
      HostMatrix logits = InputBatch.matrix(file, InputBatch.needed(file, "teacher", "give the logits that name"));
      if (k > logits.classes()) {
        throw new IllegalArgumentException("--k is " + k + ", expected at most " + logits.classes()
            + ", the number of classes of the tensor 'teacher' in " + input);
      }
      write(logits);
    }
    return 0;
  }

  private void requireRanges() {
    if (k < 1 || k > Teacher.MOST_IDS) {
      throw new IllegalArgumentException("--k is " + k + ", expected 1 to " + Teacher.MOST_IDS);
    }
    if (!(temperature >= DistillationLoss.MIN_TEMPERATURE && temperature <= DistillationLoss.MAX_TEMPERATURE)) {
      throw new IllegalArgumentException("--temperature is " + PlainNumber.of(temperature)
          + ", expected a number from 1e-6 to 1e6, that of the loss that will read the file");
    }
  }

  private void write(HostMatrix logits) throws IOException {
    try (LossEngine engine = device.open(results)) {
      long start = System.nanoTime();
      TopKLists lists = engine.topK(logits, k, temperature);
      double milliseconds = (System.nanoTime() - start) / 1e6;
      TopKFile.write(output, lists);
      Document document = new Document(logits.rows(), k, logits.classes(), temperature, Files.size(output),
          engine.device(), milliseconds);
      if (results.json) {
        results.print(document);
      } else {
        results.out().printf(Locale.ROOT, "%d rows, %d of %d classes at T = %s: %d bytes in %s%n", document.rows(), k,
            document.classes(), temperature, document.bytes(), output);
        results.out().flush();
      }
    }
  }
}
