package dev.temper.tools.files;

import dev.temper.io.MappedFile;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFault;
import dev.temper.io.TensorFile;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A .npy file (versions 1 to 3), memory-mapped: one tensor, which has the file's name without its ending. */
public final class NpyFile implements TensorFile {

  private final Path path;
  private final MappedFile file;
  private final NpyHeader header;

  private NpyFile(Path path, MappedFile file, NpyHeader header) {
    this.path = path;
    this.file = file;
    this.header = header;
  }

  /**
   * Maps a file and checks its header.
   *
   * @throws IllegalArgumentException if the header breaks the format, with the file's name and the cause
   * @throws IOException if the file cannot be read
   */
  public static NpyFile open(Path path) throws IOException {
    String fileName = String.valueOf(path.getFileName());
    String name = fileName.substring(0, Math.max(0, fileName.lastIndexOf('.')));
    try (InputStream in = Files.newInputStream(path)) {
      NpyHeader header = NpyHeader.read(name, in);
      return new NpyFile(path, MappedFile.open(path), header);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
    }
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return Map.of(header.info().name(), header.info());
  }

  @Override
  public Tensor tensor(String name) {
    TensorInfo info = info(name);
    try {
      long needed = header.dataBytes();
      long found = file.bytes().byteSize() - header.byteSize();
      if (found != needed) {
        throw new IllegalArgumentException("is " + info.describe() + " and takes " + needed + " bytes, but " + found
            + " follow the header" + (found < needed ? "; the file is truncated" : ""));
      }
      return new Tensor(name, info.usableDType(), info.shape(), file.bytes().asSlice(header.byteSize()));
    } catch (IllegalArgumentException e) {
      throw TensorFault.in(path, name, e);
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
