package dev.temper.tools.cli;

import dev.temper.internal.Names;
import dev.temper.tools.bench.Revision;
import dev.temper.tools.gpucheck.GpuCheck;
import dev.temper.tools.gpucheck.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code temper gpu-check}: runs every check that needs a GPU. */
@Command(
    name = "gpu-check",
    description = {
      "Runs every check that needs a GPU and writes the results into one JSON document.",
      "Each step is a process with a time limit. The stages are smoke, correctness, sanitize, rings, speed, plans and"
          + " peers; each takes less than ten minutes. Later runs add their stages to the same document."
    })
final class GpuCheckCommand implements Callable<Integer> {

  @Mixin private OutputOptions output;

  @Parameters(paramLabel = "STAGE", description = "Stages to run, always in their own order (default: all).")
  private List<String> stages = List.of();

  @Option(names = "--device", paramLabel = "DEVICE", defaultValue = "cuda",
      description = "Device to check: cuda or cuda:N; another device makes a dry run (default: ${DEFAULT-VALUE}).")
  private String device;

  @Option(names = "--out", paramLabel = "FOLDER", defaultValue = "gpu-check",
      description = "Folder for " + GpuCheck.DOCUMENT + " and the logs (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Option(names = "--quick", description = "Run a few cases of each step: shows that the steps work, and no more.")
  private boolean quick;

  GpuCheckCommand() {}

  @Override
  public Integer call() throws IOException {
    Set<Stage> chosen = stages.isEmpty() ? EnumSet.allOf(Stage.class) : EnumSet.noneOf(Stage.class);
    stages.forEach(stage -> chosen.add(stage(stage)));
    OutputFile.makeFolder("--out", out);
    boolean holds = GpuCheck.into(out, device, quick, Version.current(), Revision.here(), chosen)
        .run(output::note, result -> {
      if (!output.json) {
        output.out().println(result.line());
        output.out().flush();
      }
    });
    Path document = out.resolve(GpuCheck.DOCUMENT);
    if (output.json) {
      output.out().print(Files.readString(document));
      output.out().flush();
    } else {
      output.note("wrote " + document);
    }
    return holds ? 0 : Errors.FAILED;
  }

  private static Stage stage(String name) {
    List<String> known = Arrays.stream(Stage.values()).map(Stage::id).toList();
    return Arrays.stream(Stage.values()).filter(stage -> stage.id().equals(name)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException(
        "no stage is named '" + name + "'" + Names.suggestion(name, known) + "; known: " + String.join(", ", known)));
  }
}
