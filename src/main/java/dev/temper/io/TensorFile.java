package dev.temper.io;

import dev.temper.internal.Names;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A file of named tensors, open for reading. Everything it says about itself has been checked when it is open. */
public interface TensorFile extends Closeable {

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
