package dev.temper.tools.files;

import dev.temper.io.MappedFile;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFault;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A .npy file (versions 1 to 3), memory-mapped: one tensor, named as the file without its extension. */
public final class NpyFile implements InputFile {

  private final Path path;
  private final MappedFile file;
  private final NpyHeader header;
  private final Conversions conversions;

  private NpyFile(Path path, MappedFile file, NpyHeader header) {
    this.path = path;
    this.file = file;
    this.header = header;
    conversions = new Conversions(path);
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
    try {
      MappedFile file = MappedFile.open(path);
      try (InputStream in = Files.newInputStream(path)) {
        return new NpyFile(path, file, NpyHeader.read(name, in));
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
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
  public Tensor tensor(String name) throws IOException {
    TensorInfo info = info(name);
    try {
      long needed = header.dataBytes();
      long found = file.bytes().byteSize() - header.byteSize();
      if (found != needed) {
        throw new IllegalArgumentException("is " + info.describe() + " and takes " + needed + " bytes, but " + found
            + " follow the header" + (found < needed ? "; the file is truncated" : ""));
      }
      return conversions.tensor(info, header.fortranOrder(), file.bytes().asSlice(header.byteSize()));
    } catch (IllegalArgumentException e) {
      throw TensorFault.in(path, name, e);
    }
  }

  @Override
  public List<String> conversions() {
    return conversions.phrases();
  }

  @Override
  public void close() {
    conversions.close();
    file.close();
  }
}
