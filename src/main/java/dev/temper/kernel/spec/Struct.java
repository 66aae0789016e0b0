package dev.temper.kernel.spec;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Describes a C struct whose fields need no padding between them: widest first, as {@code kernels/parameters.h} has them. */
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
