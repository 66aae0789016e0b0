package dev.temper.kernel.device;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * A device that runs the kernels: who compiled them and who runs them is all in which the hosts of the CUDA sources differ. It
 * has one stream: operations take place in the order in which they are called for. Calls come from one thread at a time, but for
 * those that put nothing into the stream: {@link #allocate}, {@link #free}, {@link #load}, {@link #prepare}, {@link #occupancy},
 * {@link #requireDeviceMemory}, {@link #readback}, {@link #synchronize} and {@link Readback#await}.
 */
public interface KernelDevice extends AutoCloseable {

  /** What runs here in one phrase. */
  String describe();

  /** What the device tells of itself. */
  DeviceFacts facts();

  /** What decides where rows stay. */
  DeviceLimits limits();

  /**
   * Compiles a kernel, or finds it compiled, and loads it: {@link #prepare} then only looks it up.
   *
   * @throws RuntimeException if it does not compile or load
   */
  void load(Specialisation kernel);

  /**
   * Makes a launch ready.
   *
   * @param kernel which one
   * @param parameters native memory with the struct that the kernel takes by value, read by every {@link KernelLaunch#run()}
   * @param blocks blocks of the grid, a multiple of the kernel's cluster
   * @param sharedBytes dynamic shared memory per block
   */
  KernelLaunch prepare(Specialisation kernel, MemorySegment parameters, long blocks, long sharedBytes);

  /** What a kernel takes of a multiprocessor when it has so much dynamic shared memory; compiles and loads it. */
  Occupancy occupancy(Specialisation kernel, long sharedBytes);

  /** Runs what puts several operations into the stream; they cost less than one by one. */
  default void together(Runnable operations) {
    operations.run();
  }

  /**
   * Records what a sequence launches, as one launch that replays it.
   *
   * @throws IllegalArgumentException if the device has no graphs
   */
  KernelLaunch record(Runnable sequence);

  /** Address of new memory, a multiple of 256. */
  long allocate(long bytes);

  /** Frees memory behind everything that was launched. */
  void free(long address);

  /** The address at which kernels see host memory, where they can. */
  OptionalLong addressOf(MemorySegment host);

  /**
   * Refuses an address that kernels cannot use.
   *
   * @throws IllegalArgumentException if the bytes are not memory of this device, naming the tensor
   */
  void requireDeviceMemory(String tensor, long address, long bytes);

  /** Copies to the device; {@code from} may change on return. */
  void upload(MemorySegment from, long to);

  /** Waits, and copies to the host. */
  void download(long from, MemorySegment to);

  /** Copies on the device. */
  void copy(long from, long to, long bytes);

  /** Writes zeros. */
  void zero(long address, long bytes);

  /** A way back for so many bytes, aligned to 8. */
  Readback readback(int bytes);

  /** Waits until all is done. */
  void synchronize();

  /** Times the stream. */
  Stopwatch stopwatch();

  @Override
  void close();
}
