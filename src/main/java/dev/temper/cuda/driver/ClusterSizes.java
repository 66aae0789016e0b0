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
 * The thread-block clusters that a device can place. All blocks of a cluster run in one group of multiprocessors. The
 * size of the group differs by chip and by MIG slice, so the driver is queried, by a function that JCuda lacks. If the
 * query fails, the engine runs without clusters, and the description holds the error.
 *
 * @param largest blocks of the largest cluster that can be placed, 1 if there is none
 * @param described the largest cluster in words, with the errors of the queries
 */
public record ClusterSizes(int largest, String described) {

  /** The sizes of a device without clusters. */
  static final ClusterSizes NONE = new ClusterSizes(1, "none before compute capability 9.0");

  private static final int[] SIZES = {16, 8, 4, 2};
  private static final String FUNCTION = "cuOccupancyMaxActiveClusters";
  private static final int INVALID_CLUSTER_SIZE = 912;

  // CUlaunchAttribute: a number and, at offset 8, a union of 64 bytes, which holds the dimensions of a cluster here.
  private static final int ATTRIBUTE_BYTES = 72;
  private static final int ATTRIBUTE_VALUE = 8;
  private static final int CLUSTER_DIMENSION = 4;

  // CUlaunchConfig: dimensions of grid and block, shared memory, stream (none), attributes and their number.
  private static final int CONFIGURATION_BYTES = 56;
  private static final int GRID = 0;
  private static final int BLOCK = 12;
  private static final int SHARED_BYTES = 24;
  private static final int ATTRIBUTES = 40;
  private static final int ATTRIBUTE_COUNT = 48;

  /**
   * Queries the driver.
   *
   * @param library the driver's library
   * @param function a kernel without {@code __cluster_dims__} that may use that much shared memory
   * @param threads threads of a block, at most the kernel's launch bounds
   * @param sharedBytes dynamic shared memory of a block
   */
  public static ClusterSizes query(String library, long function, int threads, int sharedBytes) {
    StringJoiner refusals = new StringJoiner(", ", ": " + FUNCTION + " failed for ", "").setEmptyValue("");
    try {
      MethodHandle activeClusters = activeClusters(library);
      allowLarge(function);
      for (int size : SIZES) {
        int answer = placed(activeClusters, function, size, threads, sharedBytes);
        if (answer > 0) {
          return new ClusterSizes(size, "up to " + size + " blocks" + refusals);
        }
        // The driver reports a size that the device does not support as an error.
        if (answer < 0 && -answer != INVALID_CLUSTER_SIZE) {
          refusals.add(size + " blocks with code " + -answer + " (" + Driver.codeName(-answer) + ")");
        }
      }
      return new ClusterSizes(1, "none can be placed" + refusals);
    } catch (LibraryLoadException e) {
      return new ClusterSizes(1, "none: the driver has no " + FUNCTION + ", which came with CUDA 11.8: "
          + e.getMessage());
    }
  }

  /** Clusters of a kernel that the device runs at once; 0 if the query fails. */
  static int active(String library, long function, int size, int threads, int sharedBytes) {
    try {
      return Math.max(0, placed(activeClusters(library), function, size, threads, sharedBytes));
    } catch (LibraryLoadException e) {
      return 0;
    }
  }

  private static MethodHandle activeClusters(String library) throws LibraryLoadException {
    return SharedLibrary.open(library).function(FUNCTION, FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
  }

  private static void allowLarge(long function) {
    try {
      Driver.allowLargeClusters(function);
    } catch (DeviceException e) {
      // The device has no clusters of more than eight blocks. The queries of such sizes report it.
    }
  }

  /** Clusters that the device runs at once, or the negative error code. */
  private static int placed(MethodHandle activeClusters, long function, int size, int threads, int sharedBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, Long.BYTES);
      attribute.set(JAVA_INT, 0, CLUSTER_DIMENSION);
      dimensions(attribute, ATTRIBUTE_VALUE, size);
      MemorySegment configuration = arena.allocate(CONFIGURATION_BYTES, Long.BYTES);
      dimensions(configuration, GRID, size);
      dimensions(configuration, BLOCK, threads);
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

  private static void dimensions(MemorySegment struct, long offset, int first) {
    struct.set(JAVA_INT, offset, first);
    struct.set(JAVA_INT, offset + 4, 1);
    struct.set(JAVA_INT, offset + 8, 1);
  }
}
