package dev.temper.kernel.spec;

import dev.temper.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A kernel source with the values of its macros. Compiling it gives one kernel. */
public sealed interface Specialisation permits RowSpecialisation, BatchKernel, StoreKernel, ProbeKernel {

  /** Name of the entry point of a source that has several specialisations. */
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

  /**
   * Returns {@link #definitions()} and a macro that gives a thread as many registers as fit if one block is resident.
   */
  default List<String> definitionsForOneBlock() {
    List<String> macros = new ArrayList<>(definitions());
    macros.add("TEMPER_MIN_BLOCKS=1");
    return List.copyOf(macros);
  }

  /** A name for messages and tables: the source and the values of its macros. */
  default String label() {
    StringBuilder label = new StringBuilder(source().replace(".cu", ""));
    for (String definition : definitions().subList(1, definitions().size())) {
      label.append(' ').append(definition, definition.indexOf('=') + 1, definition.length());
    }
    return label.toString();
  }

  /** The type of logits in the sources. */
  static String macro(DType dtype) {
    return switch (dtype) {
      case F32 -> "Float32";
      case BF16 -> "BFloat16";
      case F16 -> "Float16";
      case I32, I64 -> throw new IllegalArgumentException(dtype + " is not a dtype of logits");
    };
  }

  /** The enumerator in the sources: {@code kForwardBackward} for {@code FORWARD_BACKWARD}. */
  static String macro(Enum<?> constant) {
    StringBuilder name = new StringBuilder("k");
    for (String word : constant.name().split("_", -1)) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.toString();
  }
}
