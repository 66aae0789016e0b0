package dev.temper.io;

import dev.temper.Names;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A file of named tensors, open for reading. Everything it says about itself has been checked when it is open. */
public sealed interface TensorFile extends Closeable permits SafetensorsFile, NpyFile, NpzFile {

  /**
   * Opens a {@code .safetensors}, {@code .npz} or {@code .npy} file; the end of its name decides which.
   *
   * @throws IllegalArgumentException if the file is damaged or hostile, with its name and the cause
   * @throws IOException if it cannot be read
   */
  static TensorFile open(Path path) throws IOException {
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

  /** The file. */
  Path path();

  /** What it holds, in the order of the file, element types that cannot be used included. */
  Map<String, TensorInfo> tensors();

  /**
   * One tensor, valid until this file is closed.
   *
   * @throws IllegalArgumentException if there is none of that name (the message lists what there is), its element type cannot
   *     be used, or its bytes are damaged
   * @throws IOException if the file cannot be read
   */
  Tensor tensor(String name) throws IOException;

  /** {@link #tensors()}'s entry of that name. */
  default TensorInfo info(String name) {
    TensorInfo info = tensors().get(name);
    if (info == null) {
      List<String> known = tensors().keySet().stream().toList();
      throw new IllegalArgumentException(path() + ": no tensor " + Quoted.of(name) + Names.suggestion(name, known) + "; the file holds "
          + (known.isEmpty() ? "none" : String.join(", ", known.stream().limit(20).map(Quoted::of).toList())));
    }
    return info;
  }
}
