package dev.temper.cuda.nvrtc;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Where installers put CUDA although nobody says so: the toolkit of the {@code nvcc} on the path, {@code /usr/local/cuda}, and the
 * wheels of the {@code python3} on the path, which PyTorch brings. On a bare GPU host NVRTC may be in the last place alone.
 */
final class InstalledToolkits {

  private static final Path USUAL = Path.of("/usr/local");

  /** Links may go in a circle. */
  private static final int MOST_LINKS = 16;

  private InstalledToolkits() {}

  /** Homes of toolkits, the newest of the usual place first. */
  static Collection<Path> toolkits(Map<String, String> environment) {
    LinkedHashSet<Path> found = new LinkedHashSet<>();
    for (Path nvcc : onPath("nvcc", environment)) {
      found.add(real(nvcc).resolveSibling("..").normalize());
    }
    found.add(USUAL.resolve("cuda"));
    found.addAll(matching(USUAL, "cuda-"));
    return found;
  }

  /**
   * Folders in which python3 looks for packages: those beside it and beside whatever it links to, for an environment is made of links,
   * and links lead to one.
   */
  static Collection<Path> sitePackages(Map<String, String> environment) {
    LinkedHashSet<Path> found = new LinkedHashSet<>();
    for (Path python : onPath("python3", environment)) {
      for (Path step : links(python)) {
        for (Path library : matching(step.resolveSibling("../lib").normalize(), "python3")) {
          found.addAll(List.of(library.resolve("site-packages"), library.resolve("dist-packages")));
        }
      }
    }
    return found;
  }

  /** A program, and what it links to, step by step. */
  private static List<Path> links(Path program) {
    List<Path> steps = new ArrayList<>(List.of(program));
    while (Files.isSymbolicLink(steps.getLast()) && steps.size() < MOST_LINKS) {
      try {
        steps.add(steps.getLast().resolveSibling(Files.readSymbolicLink(steps.getLast())).normalize());
      } catch (IOException e) {
        return steps; // gone since it was found
      }
    }
    return steps;
  }

  private static Path real(Path program) {
    try {
      return program.toRealPath();
    } catch (IOException e) {
      return program; // gone since it was found
    }
  }

  private static List<Path> onPath(String program, Map<String, String> environment) {
    List<Path> found = new ArrayList<>();
    for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        found.add(Path.of(folder, program));
      }
    }
    return found;
  }

  /** Newest version last in the alphabet, first here. */
  private static List<Path> matching(Path folder, String prefix) {
    List<Path> found = new ArrayList<>();
    String[] names = folder.toFile().list();
    if (names == null) {
      return found; // no such folder, or not ours to read
    }
    Arrays.sort(names);
    for (String name : names) {
      if (name.startsWith(prefix)) {
        found.addFirst(folder.resolve(name));
      }
    }
    return found;
  }
}
