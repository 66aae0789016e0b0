package dev.temper.tools.files;

import dev.temper.io.SafetensorsFile;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFault;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A safetensors file whose f64 and small integer tensors are converted. */
final class SafetensorsInput implements InputFile {

  private final SafetensorsFile file;
  private final Conversions conversions;

  private SafetensorsInput(SafetensorsFile file) {
    this.file = file;
    conversions = new Conversions(file.path());
  }

  /** {@link SafetensorsFile#open(Path)}. */
  static SafetensorsInput open(Path path) throws IOException {
    return new SafetensorsInput(SafetensorsFile.open(path));
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return file.tensors();
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    TensorInfo info = info(name);
    try {
      return conversions.tensor(info, false, file.bytes(name));
    } catch (IllegalArgumentException e) {
      throw TensorFault.in(path(), name, e);
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
