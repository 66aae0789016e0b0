package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A class of the test's class path in a Java process of its own. */
public final class JavaProcess {

  private JavaProcess() {}

  /**
   * Returns a command for a {@link ProcessBuilder}.
   *
   * @param options options of the JVM; a class path among them replaces that of the test
   */
  public static List<String> command(Class<?> main, List<String> options, String... arguments) {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp", System.getProperty("java.class.path")));
    command.addAll(options);
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /** Runs the class to its end, requires success, and returns what it has printed to stdout and stderr. */
  public static String run(Class<?> main, List<String> options, String... arguments)
      throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command(main, options, arguments)).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(printed).isZero();
    return printed;
  }
}
