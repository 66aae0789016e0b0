package dev.temper.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One CUDA source and every header it reaches, as text: compilers get them in memory, and caches are keyed by all of them.
 *
 * @param file name of the source, such as {@code loss.cu}
 * @param text its content
 * @param headers content by path below the sources' folder, such as {@code divergence/policy.h}, in the order of the paths
 */
public record KernelSource(String file, String text, SortedMap<String, String> headers) {

  private static final String FOLDER = "/dev/temper/kernels/";
  private static final Pattern INCLUDE = Pattern.compile("(?m)^(?<directive>[ \\t]*#[ \\t]*include[ \\t]*)\"(?<name>[^\"]+)\"");

  /** Keeps a copy of the headers. */
  public KernelSource {
    headers = Collections.unmodifiableSortedMap(new TreeMap<>(headers));
  }

  /** A source without headers of its own. */
  public static KernelSource of(String file, String text) {
    return new KernelSource(file, text, Collections.emptySortedMap());
  }

  /**
   * Reads a source of this library with the headers it includes, directly or not.
   *
   * @param file path below {@code kernels/}, such as {@code loss.cu}
   * @throws IllegalStateException if the source is not among the resources
   */
  public static KernelSource load(String file) {
    String text = read(file).orElseThrow(() -> new IllegalStateException(
        "kernel source " + file + " is missing from the class path; expected it in the temper jar under " + FOLDER));
    SortedMap<String, String> headers = new TreeMap<>();
    return new KernelSource(file, collect(file, text, headers), headers);
  }

  /**
   * Adds what a file includes, and gives the file back with its includes written as paths below the sources' folder: NVRTC finds
   * headers in memory by the name as it is written, and does not resolve it against the including file.
   *
   * <p>Leaves alone what is not among the resources: includes of another host, in a branch that the device compiler skips.
   */
  private static String collect(String includer, String text, SortedMap<String, String> headers) {
    Matcher include = INCLUDE.matcher(text);
    StringBuilder resolved = new StringBuilder();
    while (include.find()) {
      String path = URI.create(includer).resolve(include.group("name")).getPath();
      Optional<String> header = headers.containsKey(path) ? Optional.empty() : read(path);
      if (header.isPresent()) {
        headers.put(path, "");  // ends the recursion of headers that include each other
        headers.put(path, collect(path, header.get(), headers));
      }
      String name = headers.containsKey(path) ? path : include.group("name");
      include.appendReplacement(resolved, Matcher.quoteReplacement(include.group("directive") + '"' + name + '"'));
    }
    return include.appendTail(resolved).toString();
  }

  private static Optional<String> read(String path) {
    try (InputStream in = KernelSource.class.getResourceAsStream(FOLDER + path)) {
      return in == null ? Optional.empty() : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
