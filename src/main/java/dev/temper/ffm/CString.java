package dev.temper.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;

/** Reads strings that end with a zero byte ({@code const char*}). */
public final class CString {

  /**
   * The layout of a pointer to a string. Its target is unbounded, so that {@link MemorySegment#getString} can read the
   * string.
   */
  public static final AddressLayout POINTER =
      ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Long.MAX_VALUE, JAVA_BYTE));

  private CString() {}

  /** Returns the string whose pointer is stored at the beginning of a segment. */
  public static String at(MemorySegment pointer) {
    return pointer.get(POINTER, 0).getString(0);
  }
}
