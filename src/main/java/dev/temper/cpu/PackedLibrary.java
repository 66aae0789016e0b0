package dev.temper.cpu;

import dev.temper.EngineUnavailableException;
import dev.temper.internal.TemporaryFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Function;

/** Finds the native library of this platform in the jar or in a folder of classes. */
final class PackedLibrary {

  private static final String FILE = "libtemper_cpu.so";

  private PackedLibrary() {}

  /**
   * Passes the library to a loader as a file. A folder of classes holds the library as a file already.
   *
   * <p>A library in a jar is extracted into a new folder that no other user can enter, so nobody can replace its
   * content. The folder is removed after the load, because the mapping of the library needs no file name.
   */
  static <R> R use(Function<Path, R> load) throws IOException {
    String name = "native/" + platform() + "/" + FILE;
    URL resource = PackedLibrary.class.getResource(name);
    if (resource == null) {
      throw new EngineUnavailableException("no CPU engine: this build has no native library for " + platform()
          + "; build Temper here with a C++ compiler (c++, g++ or clang++)");
    }
    if (resource.getProtocol().equals("file")) {
      return load.apply(path(resource));
    }
    TemporaryFiles.removeAbandoned(Path.of(System.getProperty("java.io.tmpdir")));
    Path folder = Files.createTempDirectory(TemporaryFiles.prefix());
    Path file = folder.resolve(FILE);
    try (InputStream packed = resource.openStream()) {
      Files.copy(packed, file);
      return load.apply(file);
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(folder);
    }
  }

  /** Returns operating system and processor in the spelling of native/build, such as {@code linux-x86_64}. */
  static String platform() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch", "");
    return system + "-" + (processor.equals("amd64") ? "x86_64" : processor);
  }

  private static Path path(URL resource) throws IOException {
    try {
      return Path.of(resource.toURI());
    } catch (URISyntaxException e) {
      throw new IOException("not a path: " + resource, e);
    }
  }
}
