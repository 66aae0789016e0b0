package dev.temper.tools.pack;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/** The jars of a packed folder, taken from the class path of this process. */
final class Libraries {

  /**
   * Prefixes of the names of the jars. OpenBLAS and XChart, 20 MB, are left out: only {@code train} and matrix products
   * on the CPU need them.
   */
  private static final List<String> WANTED = List.of(
      "jackson-annotations-", "jackson-core-", "jackson-databind-", "jcublas-", "jcuda-", "jspecify-",
      "picocli-");

  /** Prefixes of the native libraries of JCuda that Temper loads, 2 MB of 10 MB. */
  private static final List<String> LOADED = List.of("lib/libJCudaDriver-", "lib/libJCublas2-");

  private Libraries() {}

  /** Copies the jars into a folder. */
  static void copy(Path folder) throws IOException {
    for (Path jar : onClassPath()) {
      Path target = folder.resolve(fileName(jar));
      if (fileName(jar).contains("-natives-")) {
        copyLoaded(jar, target);
      } else {
        Files.copy(jar, target);
      }
    }
  }

  private static List<Path> onClassPath() {
    List<Path> jars = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1)).map(Path::of)
        .filter(jar -> WANTED.stream().anyMatch(fileName(jar)::startsWith)).toList();
    for (String wanted : WANTED) {
      if (jars.stream().noneMatch(jar -> fileName(jar).startsWith(wanted))) {
          throw new IllegalStateException("the class path has no " + wanted
            + "*.jar, which the packed folder needs; run ./temper pack from a checkout");
      }
    }
    return jars;
  }

  private static void copyLoaded(Path natives, Path target) throws IOException {
    try (JarFile from = new JarFile(natives.toFile());
        OutputStream file = Files.newOutputStream(target);
        JarOutputStream to = new JarOutputStream(file)) {
      List<JarEntry> loaded =
          from.stream().filter(entry -> LOADED.stream().anyMatch(entry.getName()::startsWith)).toList();
      for (JarEntry entry : loaded) {
        to.putNextEntry(new JarEntry(entry.getName()));
        try (InputStream content = from.getInputStream(entry)) {
          content.transferTo(to);
        }
      }
    }
  }

  private static String fileName(Path path) {
    return String.valueOf(path.getFileName());
  }
}
