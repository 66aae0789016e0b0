package dev.temper;

/** Element type of a tensor: name, width in memory, little-endian. */
public enum DType {
  /** IEEE 754 binary32. */
  F32(4),
  /** bfloat16: the upper half of a binary32. */
  BF16(2),
  /** IEEE 754 binary16. */
  F16(2),
  /** 32-bit two's complement integer; labels only. */
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

  /** Whether logits and gradients can have this type. */
  public boolean isFloating() {
    return this == F32 || this == BF16 || this == F16;
  }
}
