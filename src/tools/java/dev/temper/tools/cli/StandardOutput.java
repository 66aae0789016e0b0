package dev.temper.tools.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Stdout with a memory of failed writes. {@link System#out} and every writer ignore such failures, so that a script
 * would take half a document on a full disk for a success.
 */
final class StandardOutput extends OutputStream {

  private final FileOutputStream stream = new FileOutputStream(FileDescriptor.out);
  private String failure = "";

  /** Why results were lost; empty if none were. A reader that closed its pipe, such as {@code head}, is no failure. */
  String failure() {
    return failure.contains("Broken pipe") ? "" : failure;
  }

  @Override
  public void write(int single) throws IOException {
    write(new byte[] {(byte) single}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      stream.write(bytes, offset, length);
    } catch (IOException e) {
      failure = String.valueOf(e.getMessage());
      throw e;
    }
  }
}
