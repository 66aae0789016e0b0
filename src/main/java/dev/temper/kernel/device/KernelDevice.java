package dev.temper.kernel.device;

import dev.temper.EngineUnavailableException;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device that runs the kernels. It has one stream: operations run in the order of their submission. One thread at a
 * time may submit operations. Several threads may call the methods that submit nothing: {@link #allocate}, {@link
 * #free}, {@link #load}, {@link #prepare}, {@link #occupancy}, {@link #requireDeviceMemory}, {@link #resultSlot},
 * {@link #synchronize} and {@link ResultSlot#await}.
 */
public interface KernelDevice extends AutoCloseable {

  /** The device in one phrase, such as {@code cuda:0 (NVIDIA H200, compute capability 9.0)}. */
  String describe();

  /** Name, memory and versions of the device. */
  DeviceFacts facts();

  /** The limits on which the choice of a plan depends. */
  DeviceLimits limits();

  /**
   * Compiles and loads a kernel, unless it is loaded.
   *
   * @throws RuntimeException if it does not compile or load
   */
  void load(Specialisation kernel);

  /**
   * Prepares a launch, and loads the kernel if it is not loaded.
   *
   * @param kernel the kernel
   * @param parameters native memory with the struct that the kernel takes by value, read by every
   *     {@link KernelLaunch#run()}
   * @param hostMemory host memory that the kernel accesses in place, at most 14 segments: every run keeps their
   *     arenas open
   * @param blocks blocks of the grid, a multiple of the kernel's cluster
   * @param sharedBytes dynamic shared memory of a block
   */
  KernelLaunch prepare(
      Specialisation kernel, MemorySegment parameters, List<MemorySegment> hostMemory, long blocks, long sharedBytes);

  /**
   * Registers and resident blocks of a kernel with that much dynamic shared memory; loads the kernel if it is not
   * loaded.
   */
  Occupancy occupancy(Specialisation kernel, long sharedBytes);

  /**
   * Runs several operations with the device's context made current only once, which costs less than once for each
   * operation.
   */
  default void withContext(Runnable operations) {
    operations.run();
  }

  /**
   * Records the launches of a sequence as a CUDA graph. The result replays the graph.
   *
   * @throws IllegalArgumentException if the device has no graphs
   */
  KernelLaunch record(Runnable sequence);

  /** Returns whether the owner of the stream, or {@link #record}, captures the submitted work in a graph. */
  default boolean isCapturing() {
    return false;
  }

  /**
   * Opens products in the stream. The call must not be made during {@link #record}, and the caller closes the products
   * before the device.
   *
   * @throws EngineUnavailableException if the library for them is missing; the message holds every place tried
   */
  DeviceProducts products();

  /** Allocates memory and returns its address, a multiple of 256. */
  long allocate(long bytes);

  /** Frees memory after all work that was submitted before is complete. */
  void free(long address);

  /** The address at which kernels access host memory in place; empty if they cannot. */
  OptionalLong addressOf(MemorySegment host);

  /**
   * Checks that kernels can access device memory.
   *
   * @throws IllegalArgumentException if the bytes are not memory of this device; the message names the tensor
   */
  void requireDeviceMemory(String tensor, long address, long bytes);

  /** The host memory behind an address of device memory; empty on a device with memory of its own. */
  default Optional<MemorySegment> hostMemoryOf(long address) {
    return Optional.empty();
  }

  /** Copies to the device. {@code from} may change when the call returns. */
  void upload(MemorySegment from, long to);

  /** Waits for the stream and copies to the host. */
  void download(long from, MemorySegment to);

  /** Copies on the device. */
  void copy(long from, long to, long bytes);

  /** Writes zeros. */
  void zero(long address, long bytes);

  /** Creates a result slot with a size in bytes, aligned to 8. */
  ResultSlot resultSlot(int bytes);

  /** Waits until all submitted work is complete. */
  void synchronize();

  /** Returns a stopwatch for the stream. */
  Stopwatch stopwatch();

  @Override
  void close();
}
