package dev.temper.cuda;

import dev.temper.cuda.compile.Architecture;
import java.util.Locale;

/**
 * One device, as the driver describes it.
 *
 * @param index number, as in {@code cuda:1}
 * @param name the maker's name
 * @param architecture compute capability
 * @param memoryBytes total memory
 */
record CudaDevice(int index, String name, Architecture architecture, long memoryBytes) {

  /** What the kernels need. */
  static final Architecture OLDEST = new Architecture(7, 5);

  boolean isSupported() {
    return architecture.compareTo(OLDEST) >= 0;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s (compute capability %s, %.1f GiB)", name, architecture, memoryBytes / 0x1p30);
  }
}
