package dev.temper.kernel.code;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A CUDA source and all headers that it includes, directly or indirectly, as text. Compilers receive them in memory,
 * and cache keys hold all of them.
 *
 * @param file name of the source, such as {@code loss.cu}
 * @param text its content
 * @param headers content by path below the sources' folder, such as {@code divergence/policy.h}, in the order of the
 *     paths
 */
public record KernelSource(String file, String text, SortedMap<String, String> headers) {

  private static final String FOLDER = "/dev/temper/kernels/";
  /** The beginning of an include line, as the sources write it. */
  private static final String INCLUDE = "#include \"";
  /**
   * The end of the names of headers for the CPU. The device compiler skips their branch, and they are not among the
   * resources.
   */
  private static final String OTHER_HOST = "_host.h";

  /** Keeps a copy of the headers. */
  public KernelSource {
    headers = Collections.unmodifiableSortedMap(new TreeMap<>(headers));
  }

  /** Returns a source without headers. */
  public static KernelSource of(String file, String text) {
    return new KernelSource(file, text, Collections.emptySortedMap());
  }

  /**
   * Reads a source of this library with all headers that it includes, directly or indirectly.
   *
   * @param file path below {@code kernels/}, such as {@code loss.cu}
   * @throws IllegalStateException if the source or a header is not among the resources
   */
  public static KernelSource load(String file) {
    SortedMap<String, String> headers = new TreeMap<>();
    return new KernelSource(file, collect(file, read(file), headers), headers);
  }

  /**
   * Adds the headers of a file, and returns the file with its includes written as paths below the sources' folder.
   * NVRTC looks up a header in memory by the name in the include line, and does not resolve the name against the
   * including file.
   */
  private static String collect(String includer, String text, SortedMap<String, String> headers) {
    String folder = includer.substring(0, includer.lastIndexOf('/') + 1);
    StringBuilder resolved = new StringBuilder(text.length() + 64);
    int copied = 0;
    // The search has no regular expression, which would take 12 ms of every start of a process.
    for (int at = text.indexOf(INCLUDE); at >= 0; at = text.indexOf(INCLUDE, at + 1)) {
      int name = at + INCLUDE.length();
      int end = text.indexOf('"', name);
      String path = resolve(folder, text.substring(name, end));
      if ((at == 0 || text.charAt(at - 1) == '\n') && !path.endsWith(OTHER_HOST)) {
        if (!headers.containsKey(path)) {
          headers.put(path, "");  // ends the recursion of headers that include each other
          headers.put(path, collect(path, read(path), headers));
        }
        resolved.append(text, copied, name).append(path);
        copied = end;
      }
    }
    return resolved.append(text, copied, text.length()).toString();
  }

  /**
   * Returns the path below the sources' folder of an include, which is relative to the folder of the including file.
   */
  private static String resolve(String folder, String name) {
    return name.startsWith("../")
        ? resolve(folder.substring(0, folder.lastIndexOf('/', folder.length() - 2) + 1), name.substring("../".length()))
        : folder + name;
  }

  private static String read(String path) {
    try (InputStream in = KernelSource.class.getResourceAsStream(FOLDER + path)) {
      if (in == null) {
        throw new IllegalStateException(
            "kernel source " + path + " is missing from the class path; expected it in the temper jar under " + FOLDER);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
