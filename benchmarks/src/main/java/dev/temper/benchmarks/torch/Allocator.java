package dev.temper.benchmarks.torch;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The settings of the C library's allocator, which PyTorch uses. */
public enum Allocator {
  /** Each operation maps its large tensors anew, and the kernel zeroes their pages every time. */
  DEFAULT,
  /** The process keeps freed memory: one heap for all threads, never mapped, never trimmed. */
  TUNED;

  /** Names from glibc's malloc.h. */
  private static final int M_TRIM_THRESHOLD = -1;
  private static final int M_MMAP_MAX = -4;
  private static final int M_ARENA_MAX = -8;

  /**
   * Sets the allocator of this process, permanently.
   *
   * @throws IllegalStateException if the C library cannot be tuned
   */
  public void apply() {
    if (this == TUNED) {
      set(M_ARENA_MAX, 1);
      set(M_MMAP_MAX, 0);
      set(M_TRIM_THRESHOLD, Integer.MAX_VALUE);
    }
  }

  private static void set(int parameter, int value) {
    Linker linker = Linker.nativeLinker();
    MemorySegment symbol = linker.defaultLookup().find("mallopt")
        .orElseThrow(() -> new IllegalStateException("the C library has no mallopt: use the default allocator"));
    MethodHandle mallopt = linker.downcallHandle(symbol,
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try {
      if ((int) mallopt.invokeExact(parameter, value) != 1) {
        throw new IllegalStateException("mallopt(" + parameter + ", " + value + ") was refused");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("mallopt failed", e);
    }
  }
}
