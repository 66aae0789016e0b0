package dev.temper.cuda.driver;

import org.jspecify.annotations.Nullable;

/**
 * The primary context of a device. Other CUDA users in the process, such as PyTorch, use the same context, so that
 * addresses and streams are shared.
 */
public final class PrimaryContext implements AutoCloseable {

  private static final Entered AGAIN = () -> {};

  private final long device;
  private final long handle;
  private final Entered entered = Driver::popContext;
  private final Entered enteredOnce = this::leave;
  /**
   * The thread in {@link #enterOnce()}. Other threads read it without a lock: a stale value is never the reading
   * thread.
   */
  private @Nullable Thread enteredThread;

  /** Retains the context. */
  public PrimaryContext(int index) {
    device = Driver.device(index);
    handle = Driver.retainPrimaryContext(device);
  }

  /**
   * A scope in which the context is current on the calling thread. Closing it makes the previous context current again.
   */
  public interface Entered extends AutoCloseable {
    @Override
    void close();
  }

  /** Makes the context current. */
  public Entered enter() {
    if (Thread.currentThread().equals(enteredThread)) {
      return AGAIN;
    }
    Driver.pushContext(handle);
    return entered;
  }

  /**
   * Makes the context current for a scope in which {@link #enter()} costs no driver call. One thread at a time may be
   * in such a scope.
   */
  public Entered enterOnce() {
    if (Thread.currentThread().equals(enteredThread)) {
      return AGAIN;
    }
    Driver.pushContext(handle);
    enteredThread = Thread.currentThread();
    return enteredOnce;
  }

  private void leave() {
    enteredThread = null;
    Driver.popContext();
  }

  long handle() {
    return handle;
  }

  public int attribute(int attribute) {
    return Driver.attribute(device, attribute);
  }

  @Override
  public void close() {
    Driver.releasePrimaryContext(device);
  }
}
