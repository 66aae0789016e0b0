package dev.temper;

/** Element type of a tensor in memory. Values are little-endian. */
public enum DType {
  /** IEEE 754 binary32. */
  F32(4),
  /** bfloat16: the upper half of a binary32. */
  BF16(2),
  /** IEEE 754 binary16. */
  F16(2),
  /** 32-bit two's complement integer, for labels, class ids, row indices and class maps. */
  I32(4),
  /** 64-bit two's complement integer; labels only. */
  I64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /**
   * Rounds a float to the nearest value of this type, ties to even. A value beyond the largest finite one becomes
   * infinite, subnormal values are kept, and NaN stays NaN.
   *
   * @throws IllegalArgumentException if this type is not BF16 or F16
   */
  public short narrow(float value) {
    return switch (this) {
      case BF16 -> {
        int bits = Float.floatToIntBits(value);
        // A carry out of the fraction increments the exponent, which gives the next larger value, or infinity.
        yield (short) (Float.isNaN(value) ? bits >>> 16 : (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
      }
      case F16 -> Float.floatToFloat16(value);
      case F32, I32, I64 -> throw notHalf();
    };
  }

  /**
   * Returns the exact value of 16 bits of this type.
   *
   * @throws IllegalArgumentException if this type is not BF16 or F16
   */
  public float widen(short bits) {
    return switch (this) {
      case BF16 -> Float.intBitsToFloat(bits << 16);
      case F16 -> Float.float16ToFloat(bits);
      case F32, I32, I64 -> throw notHalf();
    };
  }

  private IllegalArgumentException notHalf() {
    return new IllegalArgumentException("dtype is " + this + ", expected BF16 or F16");
  }

  /** Whether logits and gradients can have this type. */
  public boolean isFloating() {
    return this == F32 || this == BF16 || this == F16;
  }
}
