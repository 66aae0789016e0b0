package dev.temper.cuda.nvrtc;

import dev.temper.internal.TemporaryFiles;
import dev.temper.internal.TrustedFiles;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.code.DiskCache;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * NVRTC from the optional jar, for hosts without a toolkit. The library and its builtins are extracted once, beside the
 * cached kernels, into a folder named by the jar's checksums. An extracted file is used again only if it has the jar's
 * size and checksum, belongs to this user and cannot be written by others.
 */
final class NvrtcJar {

  static final String ARTIFACT = "org.bytedeco:cuda-redist:12.9-9.10-1.5.12:linux-x86_64";

  private static final String FOLDER = "org/bytedeco/cuda/linux-x86_64/";
  private static final int CHUNK_BYTES = 1 << 20;
  private static final String LIBRARY = FOLDER + "libnvrtc.so.";
  private static final String BUILTINS = FOLDER + "libnvrtc-builtins.so.";

  private final ClassLoader loader;

  NvrtcJar(ClassLoader loader) {
    this.loader = loader;
  }

  /** The jar's address, or an empty string. */
  String location() {
    URL url = find();
    return url == null ? "" : url.toString();
  }

  /**
   * Extracts the library and its builtins, unless they lie there as the jar holds them.
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
      throw new IOException("cannot be extracted, because the cache is " + cache.describe());
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
      Path folder = cache.directory().resolve(name.toString());
      CacheDirectory.prepare(folder);
      TemporaryFiles.removeAbandoned(folder);
      for (JarEntry entry : wanted) {
        extract(jar, entry, folder.resolve(entry.getName().substring(FOLDER.length())));
      }
      return folder.resolve(connection.getEntryName().substring(FOLDER.length()));
    }
  }

  private static void extract(JarFile jar, JarEntry entry, Path file) throws IOException {
    if (isExtracted(entry, file)) {
      return;
    }
    TemporaryFiles.delete(file);
    Path temporary = Files.createTempFile(file.getParent(), TemporaryFiles.prefix(), ".tmp");
    try {
      try (InputStream in = jar.getInputStream(entry); OutputStream out = Files.newOutputStream(temporary)) {
        in.transferTo(out);
      }
      if (checksum(temporary) != entry.getCrc()) {
        throw new IOException(
            entry.getName() + " does not match its checksum in " + jar.getName() + "; download the jar again");
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static boolean isExtracted(JarEntry entry, Path file) throws IOException {
    return Files.exists(file, LinkOption.NOFOLLOW_LINKS) && TrustedFiles.objectionToFile(file).isEmpty()
        && Files.size(file) == entry.getSize() && checksum(file) == entry.getCrc();
  }

  private static long checksum(Path file) throws IOException {
    CRC32 checksum = new CRC32();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        checksum.update(chunk, 0, read);
      }
    }
    return checksum.getValue();
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
