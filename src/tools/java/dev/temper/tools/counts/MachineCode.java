package dev.temper.tools.counts;

import dev.temper.kernel.plan.Architecture;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The instructions of a kernel, decoded as far as is needed to count them. From compute capability 7.5 to 12.0 an
 * instruction has 16 bytes, with the operation in the lowest nine bits. The fields were compared with nvdisasm of CUDA
 * 13.1.
 */
final class MachineCode {

  /** The operation of an instruction. */
  enum InstructionKind {
    /** A branch, which may be predicated. */
    BRANCH,
    /** The end of a thread, which may be predicated. */
    EXIT,
    /** An operation of the special-function unit: exponential, logarithm, reciprocal. */
    SPECIAL,
    /** A load from global memory. */
    LOAD_GLOBAL,
    /** A load from shared memory. */
    LOAD_SHARED,
    /** An asynchronous copy from global to shared memory. */
    COPY,
    /** A store to global memory. */
    STORE_GLOBAL,
    /** Any other operation. */
    OTHER
  }

  private static final int BYTES = 16;
  private static final int PLAIN_BRANCH = 0x947;
  private static final int PLAIN_EXIT = 0x94d;
  /** The predicate that is always true. */
  private static final int ALWAYS = 7;

  private final ByteBuffer code;
  private final boolean splitOffsets;

  /** Decodes code for an architecture. */
  MachineCode(byte[] code, Architecture architecture) {
    this.code = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN);
    splitOffsets = architecture.major() >= 9;
  }

  int length() {
    return code.capacity() / BYTES;
  }

  InstructionKind kind(int at) {
    return switch ((int) low(at) & 0x1ff) {
      case 0x147 -> InstructionKind.BRANCH;
      case 0x14d -> InstructionKind.EXIT;
      case 0x108 -> InstructionKind.SPECIAL;
      case 0x181 -> InstructionKind.LOAD_GLOBAL;
      case 0x184 -> InstructionKind.LOAD_SHARED;
      case 0x1ae -> InstructionKind.COPY;
      case 0x186 -> InstructionKind.STORE_GLOBAL;
      default -> InstructionKind.OTHER;
    };
  }

  /** Whether the instruction is a logarithm. */
  boolean isLogarithm(int at) {
    return kind(at) == InstructionKind.SPECIAL && (high(at) >>> 10 & 7) == 3;
  }

  /** Whether the instruction is a fused multiply-add in f32. */
  boolean isFusedMultiplyAdd(int at) {
    return ((int) low(at) & 0x1ff) == 0x23;
  }

  /** Bytes per thread of a memory access. */
  int width(int at) {
    return switch ((int) (high(at) >>> 9) & 7) {
      case 0, 1 -> 1;
      case 2, 3 -> 2;
      case 4 -> 4;
      case 5 -> 8;
      default -> 16;
    };
  }

  /** Index of the instruction that a branch jumps to. */
  int target(int at) {
    long words = low(at);
    int offset = (int) (words >> 32);
    if (splitOffsets) {
      offset = (offset >> 2 << 10) | ((int) (words >>> 16) & 0xff) << 2;
    }
    return at + 1 + offset / BYTES;
  }

  /** Whether the next instruction can be executed after this one. */
  boolean canFallThrough(int at) {
    int operation = (int) low(at) & 0xfff;
    // Other forms of a branch depend on a uniform predicate. Branch and exit may have a second condition in bits 87 to
    // 91.
    boolean leaves = operation == PLAIN_BRANCH || operation == PLAIN_EXIT;
    return !leaves || ((int) low(at) >> 12 & 0xf) != ALWAYS || ((int) (high(at) >>> 23) & 0x1f) != ALWAYS;
  }

  private long low(int at) {
    return code.getLong(at * BYTES);
  }

  private long high(int at) {
    return code.getLong(at * BYTES + 8);
  }
}
