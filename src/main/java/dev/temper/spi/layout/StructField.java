package dev.temper.spi.layout;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * A field of a C struct. An enum lists the fields of one struct in their order; the name of a constant is the name of
 * the field in capitals. The structs have no padding between fields, because the widest fields are first.
 */
public interface StructField {

  /** Returns the type of the field. */
  ValueLayout type();

  /** Returns the name of the constant. */
  String name();

  /** Returns the name of the field in C. */
  default String cName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the struct with the given fields. */
  static StructLayout struct(StructField... fields) {
    return MemoryLayout.structLayout(
        Arrays.stream(fields).map(field -> field.type().withName(field.cName())).toArray(MemoryLayout[]::new));
  }

  /** Returns the offset of each field in bytes. */
  static <F extends Enum<F> & StructField> Map<F, Long> offsets(Class<F> fields) {
    Map<F, Long> offsets = new EnumMap<>(fields);
    long offset = 0;
    for (F field : fields.getEnumConstants()) {
      offsets.put(field, offset);
      offset += field.type().byteSize();
    }
    return offsets;
  }
}
