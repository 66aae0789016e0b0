package dev.temper.tools.counts;

import dev.temper.kernel.plan.Architecture;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The instructions of a kernel, as far as counting needs them. From compute capability 7.5 to 12.0 each takes 16 bytes, the
 * operation in the lowest nine bits; what is read here was compared with nvdisasm of CUDA 13.1. Other operations count as such.
 */
final class MachineCode {

  /** What an instruction does. */
  enum Operation {
    /** Jumps, perhaps. */
    BRANCH,
    /** Ends the thread, perhaps. */
    EXIT,
    /** The special-function unit: exponential, logarithm, reciprocal. */
    SPECIAL,
    /** Reads global memory. */
    LOAD_GLOBAL,
    /** Reads shared memory. */
    LOAD_SHARED,
    /** Copies from global to shared memory. */
    COPY,
    /** Writes global memory. */
    STORE_GLOBAL,
    /** Everything else. */
    OTHER
  }

  private static final int BYTES = 16;
  private static final int PLAIN_BRANCH = 0x947;
  private static final int PLAIN_EXIT = 0x94d;
  private static final int ALWAYS = 7;  // the predicate that is always true

  private final ByteBuffer code;
  private final boolean splitOffsets;

  /** Code for that architecture. */
  MachineCode(byte[] code, Architecture architecture) {
    this.code = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN);
    splitOffsets = architecture.major() >= 9;
  }

  int length() {
    return code.capacity() / BYTES;
  }

  Operation operation(int at) {
    return switch ((int) low(at) & 0x1ff) {
      case 0x147 -> Operation.BRANCH;
      case 0x14d -> Operation.EXIT;
      case 0x108 -> Operation.SPECIAL;
      case 0x181 -> Operation.LOAD_GLOBAL;
      case 0x184 -> Operation.LOAD_SHARED;
      case 0x1ae -> Operation.COPY;
      case 0x186 -> Operation.STORE_GLOBAL;
      default -> Operation.OTHER;
    };
  }

  /** Whether one for the special-function unit is a logarithm. */
  boolean isLogarithm(int at) {
    return operation(at) == Operation.SPECIAL && (high(at) >>> 10 & 7) == 3;
  }

  /** Bytes that a memory access moves per thread. */
  int width(int at) {
    return switch ((int) (high(at) >>> 9) & 7) {
      case 0, 1 -> 1;
      case 2, 3 -> 2;
      case 4 -> 4;
      case 5 -> 8;
      default -> 16;
    };
  }

  /** Where a branch leads. */
  int target(int at) {
    long words = low(at);
    int offset = (int) (words >> 32);
    if (splitOffsets) {
      offset = (offset >> 2 << 10) | ((int) (words >>> 16) & 0xff) << 2;
    }
    return at + 1 + offset / BYTES;
  }

  /** Whether the instruction behind can follow. */
  boolean canFallThrough(int at) {
    int operation = (int) low(at) & 0xfff;
    // Other forms of a branch depend on a uniform predicate, and both may have a second condition in the uppermost operand bits.
    boolean leaves = operation == PLAIN_BRANCH || operation == PLAIN_EXIT;
    return !leaves || ((int) low(at) >> 12 & 0xf) != ALWAYS || ((int) (high(at) >>> 23) & 0xf) != ALWAYS;
  }

  private long low(int at) {
    return code.getLong(at * BYTES);
  }

  private long high(int at) {
    return code.getLong(at * BYTES + 8);
  }
}
