package dev.temper.internal;

import dev.temper.spi.EngineBackend;
import java.lang.ref.Cleaner;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps a backend open while calls use it, and closes it once: when its engine is closed, or when nobody can reach the engine any
 * more. It must not refer to the engine, which would then stay reachable for ever.
 */
public final class EngineLifetime {

  private static final Cleaner CLEANER = Cleaner.create();

  private final String device;
  private final EngineBackend backend;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  /** The lifetime of a backend, named by its device in messages. */
  public EngineLifetime(String device, EngineBackend backend) {
    this.device = device;
    this.backend = backend;
  }

  /** Closes the backend when {@code engine} is unreachable; until then only if {@code clean()} is called. */
  public Cleaner.Cleanable closeWith(Object engine) {
    return CLEANER.register(engine, this::close);
  }

  /**
   * Keeps the backend open until {@link #end()}.
   *
   * @throws IllegalStateException if it is closed
   */
  public void begin() {
    lock.readLock().lock();
    if (closed) {
      lock.readLock().unlock();
      throw new IllegalStateException("engine " + device + " is closed; open another with LossEngine.open");
    }
  }

  /** Ends what {@link #begin()} began. */
  public void end() {
    lock.readLock().unlock();
  }

  /** Closes the backend after the calls under way; closing twice is allowed. */
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        backend.close();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
