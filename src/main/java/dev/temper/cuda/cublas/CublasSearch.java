package dev.temper.cuda.cublas;

import dev.temper.EngineUnavailableException;
import dev.temper.cuda.toolkit.LibraryPlaces;
import dev.temper.cuda.toolkit.LibraryPlaces.Attempt;
import dev.temper.cuda.toolkit.LibraryPlaces.Place;
import dev.temper.diagnostics.Finding;
import dev.temper.ffm.LibraryLoadException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Searches for cuBLAS. A library that the user names comes first, then version 12 in all places, then version 13:
 * JCublas is bound to version 12, and drivers of CUDA 12 and 13 support it.
 *
 * @param properties system properties
 * @param environment environment variables
 * @param names file names of the library, the preferred one first
 */
public record CublasSearch(Properties properties, Map<String, String> environment, List<String> names) {

  /** System property with the library's file or folder. */
  public static final String LIBRARY_PROPERTY = "temper.cublas";

  /** File names, the version that JCublas is bound to first. */
  static final List<String> NAMES = List.of("libcublas.so.12", "libcublas.so.13");

  private static final List<String> WHEEL_FOLDERS = List.of("nvidia/cublas/lib", "nvidia/cu13/lib");

  /** Returns the search on this machine. */
  public static CublasSearch ofMachine() {
    return new CublasSearch(System.getProperties(), System.getenv(), NAMES);
  }

  /**
   * Loads the library from the first possible place.
   *
   * @throws EngineUnavailableException with what to install and every place tried
   */
  CublasLibrary load() {
    List<Attempt> attempts = new ArrayList<>();
    for (Place place : places()) {
      try {
        return CublasLibrary.load(place.name(), JCublas::load);
      } catch (LibraryLoadException e) {
        attempts.add(new Attempt(place, String.valueOf(e.getMessage())));
      }
    }
    throw new EngineUnavailableException("no cuBLAS (NVIDIA's matrix products, which a linear head needs on CUDA); "
        + "install libcublas of a CUDA toolkit of version 12 or 13, or set CUDA_HOME or -D" + LIBRARY_PROPERTY
        + "=/path/to/libcublas.so.12; " + Attempt.list(attempts));
  }

  /** Returns all places in the order of the search. */
  List<Place> places() {
    List<Place> everywhere = new LibraryPlaces(properties, environment, LIBRARY_PROPERTY, names, WHEEL_FOLDERS).all();
    List<Place> ordered = new ArrayList<>(everywhere.stream().filter(CublasSearch::isNamed).toList());
    for (String name : names) {
      everywhere.stream().filter(place -> !isNamed(place) && place.name().endsWith(name)).forEach(ordered::add);
    }
    return ordered;
  }

  private static boolean isNamed(Place place) {
    return place.source().equals("property " + LIBRARY_PROPERTY);
  }

  /** Files, version and binding of cuBLAS for doctor's report, or every place tried. */
  public Finding finding() {
    try {
      return new Finding("cuBLAS", load().finding());
    } catch (EngineUnavailableException e) {
      return new Finding("cuBLAS", "none, and only a linear head needs it: " + e.getMessage());
    }
  }
}
