package dev.temper.io;

import dev.temper.internal.Names;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Represents an open file of named tensors. Its headers were checked when it was opened. */
public interface TensorFile extends Closeable {

  Path path();

  /** Returns all tensors in the order of the file. Tensors of an unsupported element type are included. */
  Map<String, TensorInfo> tensors();

  /**
   * Returns one tensor, which is valid until this file is closed.
   *
   * @throws IllegalArgumentException if the file has no tensor of that name, its element type is not supported, or its
   *     bytes are damaged; the message for an unknown name lists the known names
   * @throws IOException if the file cannot be read
   */
  Tensor tensor(String name) throws IOException;

  /**
   * Returns the description of one tensor.
   *
   * @throws IllegalArgumentException if the file has no tensor of that name; the message lists the known names
   */
  default TensorInfo info(String name) {
    TensorInfo info = tensors().get(name);
    if (info == null) {
      List<String> known = tensors().keySet().stream().toList();
      List<String> shown = known.stream().limit(20).map(Quoted::of).toList();
      throw new IllegalArgumentException(path() + ": no tensor " + Quoted.of(name) + Names.suggestion(name, known)
          + "; the file holds " + (shown.isEmpty() ? "none" : String.join(", ", shown)));
    }
    return info;
  }
}
