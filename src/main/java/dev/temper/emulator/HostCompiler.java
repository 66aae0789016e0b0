package dev.temper.emulator;

import dev.temper.EngineUnavailableException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The machine's C++ compiler.
 *
 * @param file the program
 * @param version first line of what it says of itself
 */
public record HostCompiler(Path file, String version) {

  private static final List<String> NAMES = List.of("g++", "clang++", "c++");

  /**
   * Contraction would round a * b + c otherwise than the device does; there, every fused operation is written out. A symbol that is
   * missing is to show when a library is loaded, not when it is called.
   */
  private static final List<String> FLAGS = List.of("-std=c++17", "-O1", "-fPIC", "-shared", "-Wl,-z,now", "-ffp-contract=off", "-w");

  /** What the output depends on beside the sources. */
  List<String> identity() {
    List<String> identity = new ArrayList<>(List.of(file.toString(), version));
    identity.addAll(FLAGS);
    return identity;
  }

  /**
   * Finds it: {@code CXX} first, then {@code g++}, {@code clang++} and {@code c++} on the path.
   *
   * @throws EngineUnavailableException with what was looked for
   */
  public static HostCompiler find(Map<String, String> environment) {
    List<String> names = new ArrayList<>();
    String chosen = environment.getOrDefault("CXX", "");
    if (!chosen.isBlank()) {
      names.add(chosen.strip());
    }
    names.addAll(NAMES);
    for (String name : names) {
      for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
        Path compiler = Path.of(folder).resolve(name);
        if (Files.isRegularFile(compiler) && Files.isExecutable(compiler)) {
          return new HostCompiler(compiler, run(List.of(compiler.toString(), "--version"), Path.of("")).lines().findFirst().orElse("no version"));
        }
      }
    }
    throw new EngineUnavailableException("no C++ compiler: looked for " + String.join(", ", names) + " on the path; install one or set CXX");
  }

  /**
   * Compiles a shared library.
   *
   * @param folder where the sources lie
   * @param arguments sources and macros
   * @return what the library holds
   */
  byte[] compile(Path folder, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(file.toString()));
    command.addAll(FLAGS);
    command.addAll(arguments);
    command.addAll(List.of("-I.", "-o", "library.so"));
    run(command, folder);
    try {
      return Files.readAllBytes(folder.resolve("library.so"));
    } catch (IOException e) {
      throw new EngineUnavailableException("the C++ compiler left no library: " + e);
    }
  }

  private static String run(List<String> command, Path folder) {
    try {
      Process process = new ProcessBuilder(command).directory(folder.toFile().getAbsoluteFile()).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said;
      try (InputStream out = process.getInputStream()) {
        said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      int status = process.waitFor();
      if (status != 0) {
        throw new EngineUnavailableException("the C++ compiler failed with status " + status + ": " + String.join(" ", command) + "\n" + said);
      }
      return said;
    } catch (IOException e) {
      throw new EngineUnavailableException("the C++ compiler " + command.getFirst() + " cannot be started: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailableException("interrupted while compiling a kernel");
    }
  }
}
