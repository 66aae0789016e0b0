package dev.temper.kernel.spec;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The layout of a C struct without padding between its fields: in {@code kernels/parameters.h} the widest fields are
 * first.
 */
final class Struct {

  private final List<MemoryLayout> fields = new ArrayList<>();

  Struct add(ValueLayout type, String... names) {
    for (String name : names) {
      fields.add(type.withName(name));
    }
    return this;
  }

  StructLayout build() {
    return MemoryLayout.structLayout(fields.toArray(MemoryLayout[]::new));
  }

  static long offset(StructLayout layout, String field) {
    return layout.byteOffset(PathElement.groupElement(field));
  }
}
