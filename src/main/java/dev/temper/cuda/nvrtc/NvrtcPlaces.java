package dev.temper.cuda.nvrtc;

import dev.temper.kernel.code.CacheKey;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * The places where NVRTC may be, in the order of the search: the system property {@value #LIBRARY_PROPERTY},
 * {@code CUDA_HOME} and {@code CUDA_PATH}, the loader's own search by versioned name, the Python wheel folders of
 * {@value #WHEELS_PROPERTY}, and the folders of {@link InstalledToolkits}.
 *
 * <p>Every process checks at its start whether these places have changed. The code for it has no lambdas and no regular
 * expressions, because each costs a new process a millisecond.
 *
 * @param properties system properties
 * @param environment environment variables
 * @param names file names of the library, newest version first
 * @param driverVersion newest CUDA version that the driver supports; 12040 is 12.4
 */
public record NvrtcPlaces(Properties properties, Map<String, String> environment, List<String> names,
    int driverVersion) {

  /** System property with the library's file or folder. */
  public static final String LIBRARY_PROPERTY = "temper.nvrtc";

  /** System property with {@code site-packages} folders, separated as in a class path. */
  public static final String WHEELS_PROPERTY = "temper.nvrtc.wheels";

  /** A driver version that supports every NVRTC. */
  public static final int ANY_DRIVER = Integer.MAX_VALUE;

  /** File names, newest version first, because it supports more devices. */
  static final List<String> NAMES = List.of("libnvrtc.so.13", "libnvrtc.so.12");

  private static final List<String> TOOLKIT_FOLDERS =
      List.of("lib64", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "lib");
  private static final List<String> WHEEL_FOLDERS = List.of("nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib");

  /** The places of this machine, for a driver of that version. */
  static NvrtcPlaces ofMachine(int driverVersion) {
    return new NvrtcPlaces(System.getProperties(), System.getenv(), NAMES, driverVersion);
  }

  /** One place to try: a path, or a bare name for the loader. */
  record Place(String source, String name) {}

  /**
   * Places with a library whose major version the driver supports. They are tried first: it may reject code of a later
   * version.
   */
  List<Place> served() {
    return places(true);
  }

  /** Places with a library of a later major version, which are tried last. */
  List<Place> later() {
    return places(false);
  }

  private List<Place> places(boolean served) {
    List<Place> found = new ArrayList<>();
    for (Place place : anywhere()) {
      if (served == isServed(place.name())) {
        found.add(place);
      }
    }
    return found;
  }

  /** Whether the driver supports the version in a file name. A library that the user names counts as supported. */
  private boolean isServed(String library) {
    return library.equals(properties.getProperty(LIBRARY_PROPERTY))
        || Integer.parseInt(library.substring(library.lastIndexOf('.') + 1)) <= driverVersion / 1000;
  }

  /** A warning about a library of a later major version than the driver supports; else an empty string. */
  String doubts(int major) {
    return major <= driverVersion / 1000 ? "" : "; the driver supports CUDA " + driverVersion / 1000 + "."
        + driverVersion % 1000 / 10
        + " and may reject its code: install NVRTC " + driverVersion / 1000 + ", or update the driver";
  }

  private List<Place> anywhere() {
    List<Place> found = new ArrayList<>();
    String library = properties.getProperty(LIBRARY_PROPERTY);
    if (library != null) {
      String source = "property " + LIBRARY_PROPERTY;
      found.addAll(Files.isDirectory(Path.of(library)) ? inFolder(source, Path.of(library))
          : List.of(new Place(source, library)));
    }
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      String home = environment.get(variable);
      if (home != null && !home.isBlank()) {
        for (String folder : TOOLKIT_FOLDERS) {
          found.addAll(inFolder(variable, Path.of(home, folder)));
        }
      }
    }
    for (String name : names) {
      found.add(new Place("loader", name));
    }
    String wheels = properties.getProperty(WHEELS_PROPERTY, "");
    for (String folder : wheels.isBlank() ? new String[0] : wheels.split(File.pathSeparator, -1)) {
      for (String inner : WHEEL_FOLDERS) {
        found.addAll(inFolder("property " + WHEELS_PROPERTY, Path.of(folder, inner)));
      }
    }
    for (Path toolkit : InstalledToolkits.toolkits(environment)) {
      for (String folder : TOOLKIT_FOLDERS) {
        addExisting("toolkit " + toolkit, toolkit.resolve(folder), found);
      }
    }
    for (Path packages : InstalledToolkits.sitePackages(environment)) {
      for (String inner : WHEEL_FOLDERS) {
        addExisting("wheels of the python3 on the path", packages.resolve(inner), found);
      }
    }
    return found;
  }

  /** Adds only existing files: the user has not named these places, so that an error need not list them. */
  private void addExisting(String source, Path folder, List<Place> found) {
    for (Place place : inFolder(source, folder)) {
      if (Files.isRegularFile(Path.of(place.name()))) {
        found.add(place);
      }
    }
  }

  private List<Place> inFolder(String source, Path folder) {
    List<Place> found = new ArrayList<>();
    for (String name : names) {
      found.add(new Place(source, folder.resolve(name).toString()));
    }
    return found;
  }

  /** Everything that the result of the search depends on, determined without loading a library. */
  CacheKey.Builder key() {
    CacheKey.Builder key = CacheKey.schema("nvrtc-2").add("driver", Integer.toString(driverVersion / 1000));
    for (Place place : anywhere()) {
      key.add(place.source(), place.name() + " " + stamp(Path.of(place.name())));
    }
    key.add("LD_LIBRARY_PATH", environment.getOrDefault("LD_LIBRARY_PATH", ""));
    return key.add("ld.so.cache", stamp(Path.of("/etc/ld.so.cache")));
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
