package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The stream of one engine. A thread holds the stream lock while it submits the operations of a call, because these
 * must follow one another in the stream and calls share the workspace. Threads wait for results without the lock.
 *
 * <p>The queue also owns every resource that is open on the device, and closes them before the device.
 */
final class DeviceQueue implements AutoCloseable {

  private final KernelDevice device;
  private final ReentrantLock streamLock = new ReentrantLock();
  /** The result of every {@link #lock()}, so that a launch allocates nothing. */
  private final Locked locked = streamLock::unlock;
  private final SequencedSet<Resource> open = new LinkedHashSet<>();
  private boolean recording;

  /** Creates the queue of a device, which is closed with the queue. */
  DeviceQueue(KernelDevice device) {
    this.device = device;
  }

  /** A resource on the device that is open until it or the queue is closed. */
  interface Resource {
    /** Frees the resource; the stream lock is held. */
    void release();
  }

  /** A scope in which the calling thread holds the stream lock. */
  interface Locked extends AutoCloseable {
    @Override
    void close();
  }

  KernelDevice device() {
    return device;
  }

  /** Waits for the stream lock, which {@link Locked#close()} releases; a thread may hold it several times. */
  Locked lock() {
    streamLock.lock();
    return locked;
  }

  /** A condition of the stream lock. */
  Condition condition() {
    return streamLock.newCondition();
  }

  /**
   * Records a sequence as a CUDA graph. The stream lock is held, because work that another thread submits meanwhile
   * would become part of the graph.
   */
  KernelLaunch record(Runnable sequence) {
    recording = true;
    try {
      return device.record(sequence);
    } finally {
      recording = false;
    }
  }

  /**
   * Returns whether a graph is being recorded, which cannot contain copies of host tensors. The stream lock is held.
   */
  boolean isRecording() {
    return recording;
  }

  /** Registers a resource, which is open from now on. */
  <R extends Resource> R open(R resource) {
    try (var _ = lock()) {
      open.add(resource);
      return resource;
    }
  }

  /** Returns whether a resource is open. The result is valid while the caller holds the stream lock. */
  boolean isOpen(Resource resource) {
    return open.contains(resource);
  }

  /** Releases a resource; without effect if it was closed before. */
  void close(Resource resource) {
    try (var _ = lock()) {
      if (open.remove(resource)) {
        resource.release();
      }
    }
  }

  /**
   * Waits for the stream, then closes all resources and the device, even if the device has failed and its calls throw.
   */
  @Override
  public void close() {
    try (var _ = lock(); device; Locked _ = this::releaseAll) {
      device.synchronize();
    }
  }

  /** Releases the resources, the latest first, and throws the first exception at the end. */
  private void releaseAll() {
    RuntimeException first = null;
    while (!open.isEmpty()) {
      try {
        open.removeLast().release();
      } catch (RuntimeException e) {
        first = firstOf(first, e);
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private static RuntimeException firstOf(@Nullable RuntimeException first, RuntimeException next) {
    if (first == null) {
      return next;
    }
    first.addSuppressed(next);
    return first;
  }
}
