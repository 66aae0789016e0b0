package dev.temper.cuda.nvrtc;

import dev.temper.cuda.nvrtc.NvrtcPlaces.Candidate;
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
 * Loads NVRTC from the first place that serves: where the driver takes the code of what is named there, then the optional jar
 * org.bytedeco:cuda-redist, then the other places. What was found is remembered beside the compiled kernels.
 *
 * @param places where it may be
 * @param jar the optional one
 */
record NvrtcSearch(NvrtcPlaces places, NvrtcJar jar) {

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
   * Tries every place until one serves, and remembers it.
   *
   * @throws NvrtcMissingException with every try
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

  private static Optional<Found> load(List<Candidate> candidates, List<Attempt> attempts) {
    for (Candidate candidate : candidates) {
      try {
        return Optional.of(open(candidate));
      } catch (LibraryLoadException | IOException e) {
        attempts.add(new Attempt(candidate, String.valueOf(e.getMessage())));
      }
    }
    return Optional.empty();
  }

  private Optional<Found> loadFromJar(DiskCache cache, List<Attempt> attempts) {
    Candidate inJar = new Candidate("jar", NvrtcJar.ARTIFACT);
    try {
      return Optional.of(open(new Candidate(inJar.source(), jar.extract(cache).toString())));
    } catch (LibraryLoadException | IOException e) {
      attempts.add(new Attempt(inJar, String.valueOf(e.getMessage())));
      return Optional.empty();
    }
  }

  /**
   * What was found by an earlier process, if nothing has changed that decides it; loads nothing. Whether the jar is there, for which
   * every jar of the class path is opened, is asked only where no place before it had served.
   */
  Optional<NvrtcIdentity> remembered(DiskCache cache) {
    CacheKey.Builder key = places.key();
    Optional<byte[]> stored = cache.read(key.build());
    if (stored.isEmpty()) {
      stored = cache.read(key.add("jar", jar.location()).build());
    }
    return stored.isPresent() ? NvrtcIdentity.ofBytes(stored.get()) : Optional.empty();
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
}
