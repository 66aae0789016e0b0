package dev.temper.kernel.spec;

import dev.temper.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One instance of a kernel source: its macros make the code, and its name tells which it is. */
public sealed interface Specialisation permits RowSpecialisation, BatchKernel, ProbeKernel {

  /** Name of the entry point in every instance of a source that has instances. */
  String ENTRY = "temper_entry";

  /** Name of the entry point. */
  default String entry() {
    return ENTRY;
  }

  /** File below {@code kernels/}. */
  String source();

  /** Macros as {@code NAME=VALUE}, always in the same order. */
  List<String> definitions();

  /** The struct of {@code kernels/parameters.h} that the entry point takes by value. */
  String parameters();

  /** Threads per block. */
  int threads();

  /** Blocks per cluster. */
  int cluster();

  /** {@link #definitions()} that let a thread have as many registers as fit if one block runs at a time. */
  default List<String> definitionsForOneBlock() {
    List<String> macros = new ArrayList<>(definitions());
    macros.add("TEMPER_MIN_BLOCKS=1");
    return List.copyOf(macros);
  }

  /** What it is, for messages and tables. */
  default String label() {
    StringBuilder label = new StringBuilder(source().replace(".cu", ""));
    for (String definition : definitions().subList(1, definitions().size())) {
      label.append(' ').append(definition, definition.indexOf('=') + 1, definition.length());
    }
    return label.toString();
  }

  /** The type in the sources. */
  static String macro(DType dtype) {
    return switch (dtype) {
      case F32 -> "Float32";
      case BF16 -> "BFloat16";
      case F16 -> "Float16";
      case I32, I64 -> throw new IllegalArgumentException(dtype + " is no type of logits");
    };
  }

  /** An enumerator of the sources: {@code FORWARD_BACKWARD} is {@code kForwardBackward}. */
  static String macro(Enum<?> constant) {
    StringBuilder name = new StringBuilder("k");
    for (String word : constant.name().split("_", -1)) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.toString();
  }
}
