package dev.temper.emulator;

import dev.temper.Planted;
import dev.temper.kernel.code.KernelSource;
import java.util.TreeMap;

/** Kernel sources with a defect in a header. */
final class PlantedSource {

  private PlantedSource() {}

  /** Returns the source of a kernel, with the defect if the kernel includes the header. */
  static KernelSource of(String kernel, String header, Enum<?> defect, String correct, String planted) {
    KernelSource source = KernelSource.load(kernel);
    TreeMap<String, String> headers = new TreeMap<>(source.headers());
    String text = headers.get(header);
    if (text == null) {
      return source;
    }
    headers.put(header, Planted.in(text, header, defect, correct, planted));
    return new KernelSource(source.file(), source.text(), headers);
  }
}
