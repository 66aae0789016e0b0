package dev.temper.tools.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A Java program in a new process with the runtime and the class path of this process. */
public final class JavaCommand {

  private final List<String> options = new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED"));
  private final String main;

  private JavaCommand(String main) {
    this.main = main;
  }

  /** The program whose main class has this name. */
  public static JavaCommand of(String main) {
    return new JavaCommand(main);
  }

  /** Adds an option of the JVM. */
  public JavaCommand option(String option) {
    options.add(option);
    return this;
  }

  /** Sets a system property. */
  public JavaCommand property(String name, Object value) {
    return option("-D" + name + "=" + value);
  }

  /** Sets the system properties of Temper that this process has, except those in {@code except}. */
  public JavaCommand settings(String... except) {
    System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith("temper.") && !List.of(except).contains(name))
        .sorted().forEach(name -> property(name, System.getProperty(name)));
    return this;
  }

  /** The command, ready for a {@link ProcessBuilder}. */
  public List<String> with(String... arguments) {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * Runs the program, and waits for it.
   *
   * @return the last line of its output; a JVM may print warnings before it
   * @throws IOException if the program cannot be started or fails, with its output
   */
  public String lastLine(String... arguments) throws IOException {
    Process process = new ProcessBuilder(with(arguments)).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (process.waitFor() != 0) {
        throw new IOException("a new process of " + main + " failed: " + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for a new process", e);
    }
    return output.substring(output.lastIndexOf('\n') + 1);
  }
}
