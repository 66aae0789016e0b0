package dev.temper.cuda.nvrtc;

import dev.temper.cuda.toolkit.LibraryPlaces;
import dev.temper.cuda.toolkit.LibraryPlaces.Place;
import dev.temper.kernel.code.CacheKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * The places where NVRTC may be; see {@link LibraryPlaces}. Places with a version that the driver supports come first.
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
  public static final String WHEELS_PROPERTY = LIBRARY_PROPERTY + LibraryPlaces.WHEELS;

  /** A driver version that supports every NVRTC. */
  public static final int ANY_DRIVER = Integer.MAX_VALUE;

  /** File names, newest version first, because it supports more devices. */
  static final List<String> NAMES = List.of("libnvrtc.so.13", "libnvrtc.so.12");

  private static final List<String> WHEEL_FOLDERS = List.of("nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib");

  /** The places of this machine, for a driver of that version. */
  static NvrtcPlaces ofMachine(int driverVersion) {
    return new NvrtcPlaces(System.getProperties(), System.getenv(), NAMES, driverVersion);
  }

  /**
   * Returns the places with a library whose major version the driver supports. They are tried first, because the driver
   * may reject code of a later version.
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
    return new LibraryPlaces(properties, environment, LIBRARY_PROPERTY, names, WHEEL_FOLDERS).all();
  }

  /** Returns everything on which the result of the search depends, without loading a library. */
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
