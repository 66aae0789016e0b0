package dev.temper.cuda.nvrtc;

import dev.temper.cuda.toolkit.LibraryPlaces.Attempt;
import dev.temper.cuda.toolkit.LibraryPlaces.Place;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import dev.temper.kernel.code.CacheKey;
import dev.temper.kernel.code.DiskCache;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Loads NVRTC from the first place where loading succeeds. The order is places with a version that the driver supports,
 * the optional jar org.bytedeco:cuda-redist, other places. The cache of kernels stores the result.
 *
 * @param places places of the search
 * @param jar the optional jar
 */
record NvrtcSearch(NvrtcPlaces places, NvrtcJar jar) {

  /** A loaded library. */
  record Found(Nvrtc nvrtc, NvrtcIdentity identity) {}

  /**
   * Loads the library from the first possible place, and stores its identity in the cache.
   *
   * @throws NvrtcMissingException with every place tried
   */
  Found load(DiskCache cache) {
    List<Attempt> attempts = new ArrayList<>();
    CacheKey.Builder key = places.key();
    Optional<Found> found = load(places.served(), attempts);
    if (found.isEmpty()) {
      key.add("jar", jar.location());
      found = loadFromJar(cache, attempts).or(() -> load(places.later(), attempts));
    }
    Found loaded = found.orElseThrow(() -> new NvrtcMissingException(attempts));
    cache.write(key.build(), loaded.identity().toBytes());
    return loaded;
  }

  private static Optional<Found> load(List<Place> places, List<Attempt> attempts) {
    for (Place place : places) {
      try {
        return Optional.of(open(place));
      } catch (LibraryLoadException | IOException e) {
        attempts.add(new Attempt(place, String.valueOf(e.getMessage())));
      }
    }
    return Optional.empty();
  }

  private Optional<Found> loadFromJar(DiskCache cache, List<Attempt> attempts) {
    Place inJar = new Place("jar", NvrtcJar.ARTIFACT);
    try {
      return Optional.of(open(new Place(inJar.source(), jar.extract(cache).toString())));
    } catch (LibraryLoadException | IOException e) {
      attempts.add(new Attempt(inJar, String.valueOf(e.getMessage())));
      return Optional.empty();
    }
  }

  /**
   * Returns the library that an earlier process has found, unless something has changed on which the search depends.
   * Nothing is loaded. The optional jar is searched last, because its search opens all jars of the class path.
   */
  Optional<NvrtcIdentity> cached(DiskCache cache) {
    CacheKey.Builder key = places.key();
    Optional<byte[]> stored = cache.read(key.build());
    if (stored.isEmpty()) {
      stored = cache.read(key.add("jar", jar.location()).build());
    }
    return stored.isPresent() ? NvrtcIdentity.ofBytes(stored.get()) : Optional.empty();
  }

  private static Found open(Place place) throws LibraryLoadException, IOException {
    Path given = Path.of(place.name());
    if (given.getNameCount() > 1) {
      loadBuiltins(given);
    }
    SharedLibrary library = SharedLibrary.open(place.name());
    Nvrtc nvrtc = new Nvrtc(library);
    Path file = library.file("nvrtcVersion").orElse(given).toAbsolutePath();
    return new Found(nvrtc, NvrtcIdentity.of(place.source(), file, nvrtc));
  }

  /**
   * Loads the builtins library, which NVRTC loads by its bare name at the first compilation. The loader does not search
   * NVRTC's folder for it, but finds a library that is already loaded.
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
}
