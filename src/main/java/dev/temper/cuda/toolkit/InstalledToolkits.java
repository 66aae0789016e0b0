package dev.temper.cuda.toolkit;

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
 * The usual folders of CUDA installations: the toolkit of the {@code nvcc} on the path, {@code /usr/local/cuda}, and
 * the Python wheels of the {@code python3} on the path, which PyTorch installs. A GPU host without a toolkit may have
 * NVIDIA's libraries in the wheels only.
 */
final class InstalledToolkits {

  private static final Path USUAL = Path.of("/usr/local");

  /** Limit of the length of a chain of links, which may be a cycle. */
  private static final int MOST_LINKS = 16;

  private InstalledToolkits() {}

  /** Home folders of toolkits; those in {@code /usr/local} are sorted by version, the newest first. */
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
   * Folders in which python3 searches for packages. They are beside python3, or beside a file of its chain of links,
   * because a virtual environment consists of links.
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

  /** A program and the files of its chain of links. */
  private static List<Path> links(Path program) {
    List<Path> steps = new ArrayList<>(List.of(program));
    while (Files.isSymbolicLink(steps.getLast()) && steps.size() < MOST_LINKS) {
      try {
        steps.add(steps.getLast().resolveSibling(Files.readSymbolicLink(steps.getLast())).normalize());
      } catch (IOException e) {
        return steps; // the file was deleted meanwhile
      }
    }
    return steps;
  }

  private static Path real(Path program) {
    try {
      return program.toRealPath();
    } catch (IOException e) {
      return program; // the file was deleted meanwhile
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

  /** Entries of a folder with a prefix, in reverse alphabetical order: the newest version is first. */
  private static List<Path> matching(Path folder, String prefix) {
    List<Path> found = new ArrayList<>();
    String[] names = folder.toFile().list();
    if (names == null) {
      return found; // the folder is absent or unreadable
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
