package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.DeviceException;
import dev.temper.kernel.code.LibraryLoadException;
import dev.temper.kernel.code.SharedLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/**
 * Which thread-block clusters a device can place. 16 blocks fit on most data centre chips of compute capability 9 and 10, but a
 * cluster stays within one group of multiprocessors, and some parts and slices have few in a group: only the driver knows. JCuda
 * does not have its function.
 */
final class ClusterSizes {

  private static final int[] SIZES = {16, 8, 4, 2};

  /** {@code CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION}. */
  private static final int CLUSTER_DIMENSION = 4;

  /** {@code CUlaunchAttribute}: a number and a union of 64 bytes, here three extents. */
  private static final StructLayout ATTRIBUTE = MemoryLayout.structLayout(
      JAVA_INT.withName("id"), MemoryLayout.paddingLayout(4), MemoryLayout.sequenceLayout(16, JAVA_INT).withName("value"));

  /** {@code CUlaunchConfig}. */
  private static final StructLayout CONFIGURATION = MemoryLayout.structLayout(
      MemoryLayout.sequenceLayout(3, JAVA_INT).withName("grid"), MemoryLayout.sequenceLayout(3, JAVA_INT).withName("block"),
      JAVA_INT.withName("sharedBytes"), MemoryLayout.paddingLayout(4), JAVA_LONG.withName("stream"), ADDRESS.withName("attributes"),
      JAVA_INT.withName("attributeCount"), MemoryLayout.paddingLayout(4));

  private ClusterSizes() {}

  /**
   * Blocks of the largest cluster of which one can be placed, 1 if there is none.
   *
   * @param library the driver's
   * @param function a kernel without a cluster size of its own, with leave to use that much shared memory
   * @param threads of each block, at most what the kernel is compiled for
   * @param sharedBytes dynamic shared memory of each block: the more, the fewer share a multiprocessor
   */
  static int largest(String library, long function, int threads, int sharedBytes) {
    try {
      MethodHandle activeClusters = SharedLibrary.open(library)
          .function("cuOccupancyMaxActiveClusters", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
      allowLarge(function);
      for (int size : SIZES) {
        if (canBePlaced(activeClusters, function, size, threads, sharedBytes)) {
          return size;
        }
      }
      return 1;
    } catch (LibraryLoadException e) {
      return 1; // a driver from before clusters
    }
  }

  private static void allowLarge(long function) {
    try {
      Driver.allowLargeClusters(function);
    } catch (DeviceException e) {
      // This device has none of more than eight blocks, and says so again when it is asked for them.
    }
  }

  private static boolean canBePlaced(MethodHandle activeClusters, long function, int size, int threads, int sharedBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attribute = arena.allocate(ATTRIBUTE);
      attribute.set(JAVA_INT, 0, CLUSTER_DIMENSION);
      extents(attribute, at(ATTRIBUTE, "value"), size);
      MemorySegment configuration = arena.allocate(CONFIGURATION);
      extents(configuration, at(CONFIGURATION, "grid"), size);
      extents(configuration, at(CONFIGURATION, "block"), threads);
      configuration.set(JAVA_INT, at(CONFIGURATION, "sharedBytes"), sharedBytes);
      configuration.set(ADDRESS, at(CONFIGURATION, "attributes"), attribute);
      configuration.set(JAVA_INT, at(CONFIGURATION, "attributeCount"), 1);
      MemorySegment clusters = arena.allocate(JAVA_INT);
      // A size that the device does not have at all is an error to the driver.
      return (int) activeClusters.invokeExact(clusters, function, configuration) == 0 && clusters.get(JAVA_INT, 0) > 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static long at(StructLayout layout, String field) {
    return layout.byteOffset(MemoryLayout.PathElement.groupElement(field));
  }

  private static void extents(MemorySegment struct, long offset, int first) {
    struct.set(JAVA_INT, offset, first);
    struct.set(JAVA_INT, offset + 4, 1);
    struct.set(JAVA_INT, offset + 8, 1);
  }
}
