package dev.temper.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Looks for a C++ compiler, which the emulator needs at run time. */
final class Compilers {

  private static final List<String> NAMES = List.of("g++", "clang++", "c++");

  private Compilers() {}

  /** One sentence: path and version of the first one, or what was looked for. */
  static String describe(Map<String, String> environment) {
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
          return compiler + " (" + version(compiler) + ")";
        }
      }
    }
    return "none: looked for " + String.join(", ", names) + " on the path; install one of them or set CXX";
  }

  private static String version(Path compiler) {
    try {
      Process process = new ProcessBuilder(compiler.toString(), "--version").redirectErrorStream(true).start();
      process.getOutputStream().close();
      try (InputStream out = process.getInputStream()) {
        return new String(out.readAllBytes(), StandardCharsets.UTF_8).lines().findFirst().orElse("tells no version");
      }
    } catch (IOException e) {
      return "cannot be started: " + e.getMessage();
    }
  }
}
