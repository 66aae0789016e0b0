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

  /** The types of fields. */
  enum Type {
    /** An address or an integer of 64 bits. */
    INT64,
    /** An integer of 32 bits. */
    INT32,
    /** A double. */
    FLOAT64,
    /** A float. */
    FLOAT32;

    /** Returns the layout of the type. */
    public ValueLayout layout() {
      return switch (this) {
        case INT64 -> ValueLayout.JAVA_LONG;
        case INT32 -> ValueLayout.JAVA_INT;
        case FLOAT64 -> ValueLayout.JAVA_DOUBLE;
        case FLOAT32 -> ValueLayout.JAVA_FLOAT;
      };
    }
  }

  /** Returns the type of the field, or of the elements of an array. */
  Type type();

  /** Returns the number of elements; a field with more than one is an array. */
  default int count() {
    return 1;
  }

  /** Returns the layout of the field. */
  default MemoryLayout layout() {
    return count() == 1 ? type().layout() : MemoryLayout.sequenceLayout(count(), type().layout());
  }

  /** Returns the name of the constant. */
  String name();

  /** Returns the name of the field in C. */
  default String cName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the struct with the given fields. */
  static StructLayout struct(StructField... fields) {
    return MemoryLayout.structLayout(
        Arrays.stream(fields).map(field -> field.layout().withName(field.cName())).toArray(MemoryLayout[]::new));
  }

  /** Returns the offset of each field in bytes. */
  static <F extends Enum<F> & StructField> Map<F, Long> offsets(Class<F> fields) {
    Map<F, Long> offsets = new EnumMap<>(fields);
    long offset = 0;
    for (F field : fields.getEnumConstants()) {
      offsets.put(field, offset);
      offset += field.layout().byteSize();
    }
    return offsets;
  }
}
