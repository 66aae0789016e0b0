package dev.temper.cuda.nvrtc;

import dev.temper.kernel.code.DiskCache;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/**
 * NVRTC from the optional jar, for hosts without a toolkit: the library and its builtins are extracted once, beside the cached
 * kernels, under a name made of the jar's own checksums.
 */
final class NvrtcJar {

  static final String ARTIFACT = "org.bytedeco:cuda-redist:12.9-9.10-1.5.12:linux-x86_64";

  private static final String FOLDER = "org/bytedeco/cuda/linux-x86_64/";
  private static final String LIBRARY = FOLDER + "libnvrtc.so.";
  private static final String BUILTINS = FOLDER + "libnvrtc-builtins.so.";

  private final ClassLoader loader;

  NvrtcJar(ClassLoader loader) {
    this.loader = loader;
  }

  /** Where the jar is, or an empty string. */
  String location() {
    URL url = find();
    return url == null ? "" : url.toString();
  }

  /**
   * Extracts library and builtins, unless they are there already.
   *
   * @return the library; its builtins lie beside it
   * @throws IOException if the jar is not on the class path, or the files cannot be written
   */
  Path extract(DiskCache cache) throws IOException {
    URL url = find();
    if (url == null) {
      throw new IOException("not on the class path");
    }
    if (!cache.isOn()) {
      throw new IOException("cannot be extracted, " + cache.describe());
    }
    if (!(url.openConnection() instanceof JarURLConnection connection)) {
      throw new IOException(url + " is not in a jar");
    }
    connection.setUseCaches(false);
    try (JarFile jar = connection.getJarFile()) {
      List<JarEntry> wanted =
          jar.stream().filter(e -> e.getName().startsWith(LIBRARY) || e.getName().startsWith(BUILTINS)).toList();
      StringBuilder name = new StringBuilder("nvrtc");
      wanted.forEach(entry -> name.append('-').append(Long.toHexString(entry.getCrc())));
      Path folder = Files.createDirectories(cache.directory().resolve(name.toString()));
      for (JarEntry entry : wanted) {
        extract(jar, entry, folder.resolve(entry.getName().substring(FOLDER.length())));
      }
      return folder.resolve(connection.getEntryName().substring(FOLDER.length()));
    }
  }

  private static void extract(JarFile jar, JarEntry entry, Path file) throws IOException {
    if (Files.isRegularFile(file) && Files.size(file) == entry.getSize()) {
      return;
    }
    Path temporary = Files.createTempFile(file.getParent(), "extract", ".tmp");
    try (InputStream in = jar.getInputStream(entry)) {
      Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private @Nullable URL find() {
    for (String name : NvrtcPlaces.NAMES) {
      URL url = loader.getResource(FOLDER + name);
      if (url != null) {
        return url;
      }
    }
    return null;
  }
}
