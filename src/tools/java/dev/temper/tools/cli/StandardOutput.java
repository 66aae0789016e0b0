package dev.temper.tools.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Stdout that stores the reason of a failed write. {@link System#out} and every writer ignore such failures, so a
 * script would accept half a document on a full disk as complete.
 */
final class StandardOutput extends OutputStream {

  private final FileOutputStream stream = new FileOutputStream(FileDescriptor.out);
  private String failure = "";

  /**
   * Returns the reason why results were lost, or an empty string. A reader that closed its pipe, such as {@code head},
   * is not a failure.
   */
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
