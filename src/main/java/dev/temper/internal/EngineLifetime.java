package dev.temper.internal;

import java.lang.ref.Cleaner;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps a backend open during calls and closes it once: when its engine is closed or becomes unreachable.
 *
 * <p>Hazard: an object of this class that refers to the engine would keep the engine reachable for ever. It therefore
 * holds the device name and the way to close the backend only.
 */
public final class EngineLifetime {

  private static final Cleaner CLEANER = Cleaner.create();

  private final String device;
  private final Runnable closing;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  /** Creates the lifetime of a backend, which {@code closing} closes. Messages name the backend by its device. */
  public EngineLifetime(String device, Runnable closing) {
    this.device = device;
    this.closing = closing;
  }

  /**
   * Registers a cleaner that closes the backend when {@code engine} becomes unreachable or {@code clean()} is called.
   */
  public Cleaner.Cleanable closeWith(Object engine) {
    return CLEANER.register(engine, this::close);
  }

  /**
   * Keeps the backend open until {@link #end()}.
   *
   * @throws IllegalStateException if the backend is closed
   */
  public void begin() {
    lock.readLock().lock();
    if (closed) {
      lock.readLock().unlock();
      throw new IllegalStateException("engine " + device + " is closed; open another with LossEngine.open");
    }
  }

  /** Ends the call that {@link #begin()} has begun. */
  public void end() {
    lock.readLock().unlock();
  }

  /** Closes the backend when the running calls have ended. A second call has no effect. */
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        closing.run();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
