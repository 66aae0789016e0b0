package dev.temper.tools.files;

import dev.temper.io.SafetensorsFile;
import dev.temper.io.TensorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** Opens tensor files by the end of their names. */
public final class TensorFiles {

  private TensorFiles() {}

  /**
   * Opens a {@code .safetensors}, {@code .npz} or {@code .npy} file; the end of its name decides which.
   *
   * @throws IllegalArgumentException if the file is damaged or hostile, with its name and the cause
   * @throws IOException if it cannot be read
   */
  public static TensorFile open(Path path) throws IOException {
    if (Files.notExists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    if (!Files.isRegularFile(path)) {
      throw new IllegalArgumentException(path + ": is no regular file, expected a .safetensors, .npz or .npy file");
    }
    String name = path.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".safetensors")) {
      return SafetensorsFile.open(path);
    }
    if (name.endsWith(".npz")) {
      return NpzFile.open(path);
    }
    if (name.endsWith(".npy")) {
      return NpyFile.open(path);
    }
    throw new IllegalArgumentException(path + ": unknown kind of file; known by the end of their names: .safetensors, .npz, .npy");
  }
}
