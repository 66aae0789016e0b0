package dev.temper.tools.gpucheck;

import dev.temper.kernel.plan.RowPlans;
import dev.temper.tools.process.JavaCommand;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The device of a check and the folder of its outputs.
 *
 * @param device name of the device, as users write it; any other than {@code cuda} makes a dry run
 * @param quick whether each step runs a few cases only
 * @param folder folder of the steps' outputs
 */
public record CheckEnvironment(String device, boolean quick, Path folder) {

  private static final String MAIN = "dev.temper.tools.cli.Temper";

  boolean isCuda() {
    return device.equals("cuda") || device.startsWith("cuda:");
  }

  /**
   * Returns the command that runs a verb in a new process, with the runtime, class path and settings of this process.
   */
  List<String> temper(String... arguments) {
    return JavaCommand.of(MAIN).option("-Djava.awt.headless=true").settings().with(arguments);
  }

  /** Returns the command of {@link #temper} with long rows in rings. */
  List<String> temperWithRings(String... arguments) {
    return JavaCommand.of(MAIN).option("-Djava.awt.headless=true").settings(RowPlans.RING_PROPERTY)
        .property(RowPlans.RING_PROPERTY, true).with(arguments);
  }

  /** Returns a command for a user in the folder of Temper, without paths of this machine. */
  String shown(List<String> command) {
    String text = String.join(" ", command);
    String withRings = String.join(" ", temperWithRings());
    // The assignment comes first, because compute-sanitizer would take it for the name of a program.
    String shown = text.contains(withRings)
        ? "JAVA_TOOL_OPTIONS=-D" + RowPlans.RING_PROPERTY + "=true " + text.replace(withRings, "./temper")
        : text.replace(String.join(" ", temper()), "./temper");
    return shown.replace(folder + "/", "logs/");
  }

  /** A program on the path or in a CUDA toolkit. */
  static Optional<Path> program(String name, Map<String, String> environment) {
    List<String> folders = new ArrayList<>(List.of(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)));
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      String home = environment.getOrDefault(variable, "");
      if (!home.isEmpty()) {
        folders.add(home + "/bin");
      }
    }
    folders.add("/usr/local/cuda/bin");
    return folders.stream().filter(folder -> !folder.isEmpty()).map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable).findFirst();
  }

  /** The reason why this Python cannot import a module; empty if it can. */
  static String missingModule(Path python, String module) {
    try {
      Process process = new ProcessBuilder(python.toString(), "-c", "import " + module)
          .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      if (!process.waitFor(120, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return python + " did not import " + module + " within 120 s";
      }
      return process.exitValue() == 0 ? "" : python + " has no " + module;
    } catch (IOException e) {
      return python + " does not start: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  /** A script of benchmarks/gpu, in the packed folder or the checkout that contains this program. */
  static Optional<Path> script(String name) {
    try {
      Path at = Path.of(CheckEnvironment.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      for (Path above = at.getParent(); above != null; above = above.getParent()) {
        Path script = above.resolve("benchmarks/gpu").resolve(name);
        if (Files.isRegularFile(script)) {
          return Optional.of(script);
        }
      }
      return Optional.empty();
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }
}
