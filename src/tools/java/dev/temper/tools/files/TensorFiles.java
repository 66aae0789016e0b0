package dev.temper.tools.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** Opens tensor files by the end of their names. */
public final class TensorFiles {

  private TensorFiles() {}

  /** {@link #open(Path, ReadLimits)} with the default limits. */
  public static InputFile open(Path path) throws IOException {
    return open(path, ReadLimits.DEFAULT);
  }

  /**
   * Opens a {@code .safetensors}, {@code .npz} or {@code .npy} file; the end of its name decides which.
   *
   * @param limits limits of the unpacked size of an array
   * @throws IllegalArgumentException if the file is damaged or hostile; the message has its name and the cause
   * @throws IOException if the file cannot be read
   */
  public static InputFile open(Path path, ReadLimits limits) throws IOException {
    if (Files.notExists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    if (!Files.isRegularFile(path)) {
      throw new IllegalArgumentException(path + ": is not a regular file, expected a .safetensors, .npz or .npy file");
    }
    String name = path.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".safetensors")) {
      return SafetensorsInput.open(path);
    }
    if (name.endsWith(".npz")) {
      return NpzFile.open(path, limits);
    }
    if (name.endsWith(".npy")) {
      return NpyFile.open(path);
    }
    throw new IllegalArgumentException(
        path + ": unknown kind of file; known by the end of their names: .safetensors, .npz, .npy");
  }
}
