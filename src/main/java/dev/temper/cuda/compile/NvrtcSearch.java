package dev.temper.cuda.compile;

import dev.temper.kernel.CacheKey;
import dev.temper.kernel.DiskCache;
import dev.temper.kernel.LibraryLoadException;
import dev.temper.kernel.SharedLibrary;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Where NVRTC may be, in the order in which it is looked for: the system property {@value #LIBRARY_PROPERTY}, {@code CUDA_HOME}
 * and {@code CUDA_PATH}, the loader's own search by versioned name, Python wheel folders if {@value #WHEELS_PROPERTY} names some,
 * what {@link InstalledToolkits} finds, and the optional jar org.bytedeco:cuda-redist.
 */
final class NvrtcSearch {

  /** System property with the library, or the folder it lies in. */
  static final String LIBRARY_PROPERTY = "temper.nvrtc";

  /** System property with {@code site-packages} folders, separated as in a class path. */
  static final String WHEELS_PROPERTY = "temper.nvrtc.wheels";

  /** Newest first: it knows more devices. */
  static final List<String> NAMES = List.of("libnvrtc.so.13", "libnvrtc.so.12");

  private static final List<String> TOOLKIT_FOLDERS = List.of("lib64", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "lib");
  private static final List<String> WHEEL_FOLDERS = List.of("nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib");

  private final Properties properties;
  private final Map<String, String> environment;
  private final List<String> names;
  private final NvrtcJar jar;

  NvrtcSearch(Properties properties, Map<String, String> environment, List<String> names, NvrtcJar jar) {
    this.properties = properties;
    this.environment = environment;
    this.names = names;
    this.jar = jar;
  }

  /** One place to try: a path, or a bare name for the loader. */
  record Candidate(String source, String name) {}

  /** One place that was tried, and why it did not serve. */
  record Attempt(Candidate candidate, String reason) {
    @Override
    public String toString() {
      // The loader begins with the name it was given.
      String named = reason.startsWith(candidate.name() + ": ") ? reason : candidate.name() + ": " + reason;
      return candidate.source() + ": " + named;
    }
  }

  /** The library and how it was found. */
  record Found(Nvrtc nvrtc, NvrtcIdentity identity) {}

  /**
   * Tries every place until one serves.
   *
   * @throws NvrtcMissingException with every try
   */
  Found load(DiskCache cache) {
    List<Attempt> attempts = new ArrayList<>();
    for (Candidate candidate : candidates()) {
      try {
        return open(candidate);
      } catch (LibraryLoadException | IOException e) {
        attempts.add(new Attempt(candidate, String.valueOf(e.getMessage())));
      }
    }
    Candidate inJar = new Candidate("jar", NvrtcJar.ARTIFACT);
    try {
      Path library = jar.extract(cache);
      return open(new Candidate(inJar.source(), library.toString()));
    } catch (LibraryLoadException | IOException e) {
      attempts.add(new Attempt(inJar, String.valueOf(e.getMessage())));
    }
    throw new NvrtcMissingException(attempts);
  }

  /** Everything that decides what {@link #load} finds, without loading anything. */
  CacheKey inputs() {
    CacheKey.Builder key = CacheKey.schema("nvrtc-1");
    for (Candidate candidate : candidates()) {
      key.add(candidate.source(), candidate.name() + " " + stamp(Path.of(candidate.name())));
    }
    key.add("LD_LIBRARY_PATH", environment.getOrDefault("LD_LIBRARY_PATH", ""));
    key.add("ld.so.cache", stamp(Path.of("/etc/ld.so.cache")));
    return key.add("jar", jar.location()).build();
  }

  List<Candidate> candidates() {
    List<Candidate> found = new ArrayList<>();
    String library = properties.getProperty(LIBRARY_PROPERTY);
    if (library != null) {
      String source = "property " + LIBRARY_PROPERTY;
      found.addAll(Files.isDirectory(Path.of(library)) ? inFolder(source, Path.of(library)) : List.of(new Candidate(source, library)));
    }
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      String home = environment.get(variable);
      if (home != null && !home.isBlank()) {
        TOOLKIT_FOLDERS.forEach(folder -> found.addAll(inFolder(variable, Path.of(home, folder))));
      }
    }
    names.forEach(name -> found.add(new Candidate("loader", name)));
    String wheels = properties.getProperty(WHEELS_PROPERTY, "");
    for (String folder : wheels.isBlank() ? new String[0] : wheels.split(System.getProperty("path.separator"), -1)) {
      WHEEL_FOLDERS.forEach(inner -> found.addAll(inFolder("property " + WHEELS_PROPERTY, Path.of(folder, inner))));
    }
    for (Path toolkit : InstalledToolkits.toolkits(environment)) {
      TOOLKIT_FOLDERS.forEach(folder -> found.addAll(existing("toolkit " + toolkit, toolkit.resolve(folder))));
    }
    for (Path packages : InstalledToolkits.sitePackages(environment)) {
      WHEEL_FOLDERS.forEach(inner -> found.addAll(existing("wheels of the python3 on the path", packages.resolve(inner))));
    }
    return found;
  }

  /** Only what is there: nobody asked for these places, so nobody must read that they are empty. */
  private List<Candidate> existing(String source, Path folder) {
    return inFolder(source, folder).stream().filter(candidate -> Files.isRegularFile(Path.of(candidate.name()))).toList();
  }

  private List<Candidate> inFolder(String source, Path folder) {
    return names.stream().map(name -> new Candidate(source, folder.resolve(name).toString())).toList();
  }

  private static Found open(Candidate candidate) throws LibraryLoadException, IOException {
    Path given = Path.of(candidate.name());
    if (given.getNameCount() > 1) {
      loadBuiltins(given);
    }
    SharedLibrary library = SharedLibrary.open(candidate.name());
    Nvrtc nvrtc = new Nvrtc(library);
    Path file = library.file("nvrtcVersion").orElse(given).toAbsolutePath();
    return new Found(nvrtc, NvrtcIdentity.of(candidate.source(), file, nvrtc));
  }

  /**
   * NVRTC opens its builtins by bare name when it first compiles: where they lie beside it in a folder that the loader does not
   * search, they must be there already.
   */
  private static void loadBuiltins(Path library) throws LibraryLoadException, IOException {
    Path folder = library.toAbsolutePath().getParent();
    if (folder == null || !Files.isRegularFile(library)) {
      return;
    }
    String major = library.getFileName().toString().replaceFirst(".*\\.so\\.?", "");
    try (DirectoryStream<Path> builtins = Files.newDirectoryStream(folder, "libnvrtc-builtins.so." + major + "*")) {
      for (Path file : builtins) {
        SharedLibrary.open(file.toString());
      }
    }
  }

  private static String stamp(Path file) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return attributes.size() + " " + attributes.lastModifiedTime().toMillis();
    } catch (IOException e) {
      return "absent";
    }
  }
}
