package dev.temper.tools.files;

import dev.temper.DType;
import dev.temper.io.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * Element types that are read from files, each with the type that it becomes: the types that a loss reads, NumPy's
 * default types, and small integers for labels.
 */
enum StoredType {
  F32(DType.F32, Float.BYTES, "F32", "<f4"),
  F16(DType.F16, Short.BYTES, "F16", "<f2"),
  BF16(DType.BF16, Short.BYTES, "BF16", ""),
  I32(DType.I32, Integer.BYTES, "I32", "<i4"),
  I64(DType.I64, Long.BYTES, "I64", "<i8"),
  F64(DType.F32, Double.BYTES, "F64", "<f8"),
  I8(DType.I32, Byte.BYTES, "I8", "|i1"),
  U8(DType.I32, Byte.BYTES, "U8", "|u1"),
  I16(DType.I32, Short.BYTES, "I16", "<i2"),
  U16(DType.I32, Short.BYTES, "U16", "<u2"),
  U32(DType.I64, Integer.BYTES, "U32", "<u4");

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final Map<String, StoredType> BY_NAME = new HashMap<>();

  static {
    for (StoredType type : values()) {
      BY_NAME.put(type.safetensors, type);
      BY_NAME.put(type.numpy, type);
    }
  }

  private final DType becomes;
  private final int bytes;
  private final String safetensors;
  private final String numpy;

  StoredType(DType becomes, int bytes, String safetensors, String numpy) {
    this.becomes = becomes;
    this.bytes = bytes;
    this.safetensors = safetensors;
    this.numpy = numpy;
  }

  /**
   * The type that a file names.
   *
   * @throws IllegalArgumentException if the type is not supported; the message is the end of a sentence that begins
   *     with the tensor
   */
  static StoredType of(TensorInfo info) {
    StoredType type = info.dtypeName().isEmpty() ? null : BY_NAME.get(info.dtypeName());
    return type == null ? valueOf(info.usableDType().name()) : type;
  }

  DType becomes() {
    return becomes;
  }

  int bytes() {
    return bytes;
  }

  /** Whether elements are taken as they are stored. */
  boolean isKept() {
    return name().equals(becomes.name());
  }

  /**
   * Copies one element, converted.
   *
   * @throws ArithmeticException if the value is finite, and beyond the range of the type that it becomes
   */
  void copy(MemorySegment from, long source, MemorySegment to, long target) {
    switch (this) {
      case F32, I32 -> to.set(INT, target * Integer.BYTES, from.get(INT, source * Integer.BYTES));
      case F16, BF16 -> to.set(SHORT, target * Short.BYTES, from.get(SHORT, source * Short.BYTES));
      case I64 -> to.set(LONG, target * Long.BYTES, from.get(LONG, source * Long.BYTES));
      case F64 -> to.set(FLOAT, target * Float.BYTES, narrow(from.get(DOUBLE, source * Double.BYTES)));
      case I8 -> to.set(INT, target * Integer.BYTES, from.get(ValueLayout.JAVA_BYTE, source));
      case U8 -> to.set(INT, target * Integer.BYTES, Byte.toUnsignedInt(from.get(ValueLayout.JAVA_BYTE, source)));
      case I16 -> to.set(INT, target * Integer.BYTES, from.get(SHORT, source * Short.BYTES));
      case U16 -> to.set(INT, target * Integer.BYTES, Short.toUnsignedInt(from.get(SHORT, source * Short.BYTES)));
      case U32 -> to.set(LONG, target * Long.BYTES, Integer.toUnsignedLong(from.get(INT, source * Integer.BYTES)));
    }
  }

  /**
   * Refuses a finite number that would become infinite, because an infinite logit has another meaning than a large one.
   */
  private static float narrow(double value) {
    float narrowed = (float) value;
    if (Float.isInfinite(narrowed) && Double.isFinite(value)) {
      throw new ArithmeticException(Double.toString(value));
    }
    return narrowed;
  }
}
