package dev.temper.io;

import dev.temper.internal.Names;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A file of named tensors, open for reading. Its headers have been checked by the time it is open. */
public interface TensorFile extends Closeable {

  /** The file. */
  Path path();

  /** Its tensors in the order of the file, including those whose element type cannot be used. */
  Map<String, TensorInfo> tensors();

  /**
   * One tensor, valid until this file is closed.
   *
   * @throws IllegalArgumentException if there is none of that name (the message lists the known names), its element
   *     type cannot be used, or its bytes are damaged
   * @throws IOException if the file cannot be read
   */
  Tensor tensor(String name) throws IOException;

  /** {@link #tensors()}'s entry of that name. */
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
