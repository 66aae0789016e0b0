package dev.temper.io;

import java.io.EOFException;
import java.nio.file.Path;

/** Builds messages that name the file and the tensor of a fault. */
public final class TensorFault {

  private TensorFault() {}

  public static IllegalArgumentException in(Path file, String tensor, Exception cause) {
    return new IllegalArgumentException(file + ": tensor " + Quoted.of(tensor) + " " + cause(cause), cause);
  }

  public static String cause(Exception e) {
    if (e instanceof EOFException || e.getMessage() == null) {
      return "ends too early; the file is truncated or damaged";
    }
    return e.getMessage();
  }
}
