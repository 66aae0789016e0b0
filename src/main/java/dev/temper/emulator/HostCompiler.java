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
 * @param version first line of the output of {@code --version}
 */
public record HostCompiler(Path file, String version) {

  private static final List<String> NAMES = List.of("g++", "clang++", "c++");

  /**
   * The kernels write every fused operation as a call, so that the compiler must not contract a * b + c. Symbols are
   * bound when a library is loaded, so that a missing one is reported there and not at its first call.
   */
  private static final List<String> FLAGS =
      List.of("-std=c++17", "-O1", "-fPIC", "-shared", "-Wl,-z,now", "-ffp-contract=off", "-w");

  /** Everything besides the sources that the output depends on. */
  List<String> identity() {
    List<String> identity = new ArrayList<>(List.of(file.toString(), version));
    identity.addAll(FLAGS);
    return identity;
  }

  /**
   * Finds a compiler: {@code CXX} first, then {@code g++}, {@code clang++} and {@code c++} on the path.
   *
   * @throws EngineUnavailableException with the names of the search
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
          return new HostCompiler(compiler,
              run(List.of(compiler.toString(), "--version"), Path.of("")).lines().findFirst().orElse("no version"));
        }
      }
    }
    throw new EngineUnavailableException("no C++ compiler: looked for " + String.join(", ", names)
        + " on the path; install one or set CXX");
  }

  /**
   * Compiles a shared library.
   *
   * @param folder folder of the sources
   * @param arguments sources and macros
   * @return content of the library
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
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile().getAbsoluteFile())
          .redirectErrorStream(true);
      // A sanitizer that is preloaded into this process would check the compiler too, and triple its time.
      builder.environment().remove("LD_PRELOAD");
      Process process = builder.start();
      process.getOutputStream().close();
      String said;
      try (InputStream out = process.getInputStream()) {
        said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      int status = process.waitFor();
      if (status != 0) {
        throw new EngineUnavailableException("the C++ compiler failed with status " + status + ": "
            + String.join(" ", command) + "\n" + said);
      }
      return said;
    } catch (IOException e) {
      throw new EngineUnavailableException("the C++ compiler " + command.getFirst() + " cannot be started: "
          + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailableException("interrupted while compiling a kernel");
    }
  }
}
