package dev.temper.cuda.toolkit;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * The places where one of NVIDIA's libraries may be, in the order of the search. A system property with the library's
 * file or folder comes first, then {@code CUDA_HOME} and {@code CUDA_PATH}, and the loader's search by versioned name.
 * The Python wheel folders of a second system property and the folders of {@link InstalledToolkits} follow.
 *
 * <p>Every process searches NVRTC's places at its start. The code for it has no lambdas and no regular expressions,
 * because each costs a new process a millisecond.
 *
 * @param properties system properties
 * @param environment environment variables
 * @param property system property of the library, such as {@code temper.nvrtc}
 * @param names file names of the library, the preferred one first
 * @param wheelFolders folders of the library in a {@code site-packages} folder
 */
public record LibraryPlaces(Properties properties, Map<String, String> environment, String property, List<String> names,
    List<String> wheelFolders) {

  /**
   * The end of the name of a library's second property, which holds {@code site-packages} folders, separated as in a
   * class path.
   */
  public static final String WHEELS = ".wheels";

  private static final List<String> TOOLKIT_FOLDERS =
      List.of("lib64", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "lib");

  /** One place to try: a path, or a bare name for the loader. */
  public record Place(String source, String name) {}

  /** A place without a usable library, and the reason. */
  public record Attempt(Place place, String reason) {

    /** The attempts as the end of a message, one in a line. */
    public static String list(List<Attempt> attempts) {
      StringBuilder lines = new StringBuilder("tried:");
      attempts.forEach(attempt -> lines.append("\n  ").append(attempt));
      return lines.toString();
    }

    @Override
    public String toString() {
      // A reason of the loader begins with the library's name.
      String named = reason.startsWith(place.name() + ": ") ? reason : place.name() + ": " + reason;
      return place.source() + ": " + named;
    }
  }

  /** All places, without loading anything. */
  public List<Place> all() {
    List<Place> found = new ArrayList<>();
    String library = properties.getProperty(property);
    if (library != null) {
      String source = "property " + property;
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
    String wheels = properties.getProperty(property + WHEELS, "");
    for (String folder : wheels.isBlank() ? new String[0] : wheels.split(File.pathSeparator, -1)) {
      for (String inner : wheelFolders) {
        found.addAll(inFolder("property " + property + WHEELS, Path.of(folder, inner)));
      }
    }
    for (Path toolkit : InstalledToolkits.toolkits(environment)) {
      for (String folder : TOOLKIT_FOLDERS) {
        addExisting("toolkit " + toolkit, toolkit.resolve(folder), found);
      }
    }
    for (Path packages : InstalledToolkits.sitePackages(environment)) {
      for (String inner : wheelFolders) {
        addExisting("wheels of the python3 on the path", packages.resolve(inner), found);
      }
    }
    return found;
  }

  /** Adds only existing files. The user has not named these places, so an error need not list them. */
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
}
