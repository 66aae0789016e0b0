package dev.temper.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.DeviceException;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.StringJoiner;

/**
 * Which thread-block clusters a device can place. 16 blocks fit on most data centre chips of compute capability 9 and 10, but a
 * cluster stays within one group of multiprocessors, and some parts and slices have few in a group: only the driver knows. JCuda
 * does not have its function. A driver that does not answer costs speed, not the engine: what it said is kept.
 *
 * @param largest blocks of the largest cluster of which one can be placed, 1 if there is none
 * @param described the same in words, with what the driver refused to answer
 */
public record ClusterSizes(int largest, String described) {

  /** Of devices that have none. */
  static final ClusterSizes NONE = new ClusterSizes(1, "none before compute capability 9.0");

  private static final int[] SIZES = {16, 8, 4, 2};
  private static final String FUNCTION = "cuOccupancyMaxActiveClusters";
  private static final int INVALID_CLUSTER_SIZE = 912;

  // CUlaunchAttribute: a number and, at 8, a union of 64 bytes, here the extents of a cluster.
  private static final int ATTRIBUTE_BYTES = 72;
  private static final int ATTRIBUTE_VALUE = 8;
  private static final int CLUSTER_DIMENSION = 4;

  // CUlaunchConfig: extents of grid and block, shared memory, stream (none), attributes and their number.
  private static final int CONFIGURATION_BYTES = 56;
  private static final int GRID = 0;
  private static final int BLOCK = 12;
  private static final int SHARED_BYTES = 24;
  private static final int ATTRIBUTES = 40;
  private static final int ATTRIBUTE_COUNT = 48;

  /**
   * Asks the driver.
   *
   * @param library the driver's
   * @param function a kernel without a cluster size of its own, with leave to use that much shared memory
   * @param threads of each block, at most what the kernel is compiled for
   * @param sharedBytes dynamic shared memory of each block: the more, the fewer share a multiprocessor
   */
  public static ClusterSizes ask(String library, long function, int threads, int sharedBytes) {
    StringJoiner refusals = new StringJoiner(", ", ": " + FUNCTION + " failed for ", "").setEmptyValue("");
    try {
      MethodHandle activeClusters = query(library);
      allowLarge(function);
      for (int size : SIZES) {
        int answer = placed(activeClusters, function, size, threads, sharedBytes);
        if (answer > 0) {
          return new ClusterSizes(size, "up to " + size + " blocks" + refusals);
        }
        // A size that the device does not have at all is an error to the driver.
        if (answer < 0 && -answer != INVALID_CLUSTER_SIZE) {
          refusals.add(size + " blocks with code " + -answer + " (" + Driver.codeName(-answer) + ")");
        }
      }
      return new ClusterSizes(1, "none can be placed" + refusals);
    } catch (LibraryLoadException e) {
      return new ClusterSizes(1, "none: the driver has no " + FUNCTION + ", which came with CUDA 11.8: " + e.getMessage());
    }
  }

  /** Clusters of a kernel that the device runs at once; 0 where the driver does not tell. */
  static int active(String library, long function, int size, int threads, int sharedBytes) {
    try {
      return Math.max(0, placed(query(library), function, size, threads, sharedBytes));
    } catch (LibraryLoadException e) {
      return 0;
    }
  }

  private static MethodHandle query(String library) throws LibraryLoadException {
    return SharedLibrary.open(library).function(FUNCTION, FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
  }

  private static void allowLarge(long function) {
    try {
      Driver.allowLargeClusters(function);
    } catch (DeviceException e) {
      // This device has none of more than eight blocks, and says so again when it is asked for them.
    }
  }

  /** How many at once; negative: the driver's error code. */
  private static int placed(MethodHandle activeClusters, long function, int size, int threads, int sharedBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, Long.BYTES);
      attribute.set(JAVA_INT, 0, CLUSTER_DIMENSION);
      extents(attribute, ATTRIBUTE_VALUE, size);
      MemorySegment configuration = arena.allocate(CONFIGURATION_BYTES, Long.BYTES);
      extents(configuration, GRID, size);
      extents(configuration, BLOCK, threads);
      configuration.set(JAVA_INT, SHARED_BYTES, sharedBytes);
      configuration.set(JAVA_LONG, ATTRIBUTES, attribute.address());
      configuration.set(JAVA_INT, ATTRIBUTE_COUNT, 1);
      MemorySegment clusters = arena.allocate(JAVA_INT);
      int code = (int) activeClusters.invokeExact(clusters, function, configuration);
      return code == 0 ? clusters.get(JAVA_INT, 0) : -code;
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private static void extents(MemorySegment struct, long offset, int first) {
    struct.set(JAVA_INT, offset, first);
    struct.set(JAVA_INT, offset + 4, 1);
    struct.set(JAVA_INT, offset + 8, 1);
  }
}
