package dev.temper.cuda.driver;

import org.jspecify.annotations.Nullable;

/** The context that all users of a device in this process share, PyTorch and others included: addresses and streams are common. */
public final class PrimaryContext implements AutoCloseable {

  private static final Entered AGAIN = () -> {};

  private final long device;
  private final long handle;
  private final Entered entered = Driver::popContext;
  private final Entered stayed = this::leave;
  /** Only the thread that set it finds itself here, so that others may look without a lock. */
  private @Nullable Thread staying;

  /** Retains it. */
  public PrimaryContext(int index) {
    device = Driver.device(index);
    handle = Driver.retainPrimaryContext(device);
  }

  /** A block in which the context is the calling thread's; what was current before is current again after it. */
  public interface Entered extends AutoCloseable {
    @Override
    void close();
  }

  public Entered enter() {
    if (Thread.currentThread().equals(staying)) {
      return AGAIN;
    }
    Driver.pushContext(handle);
    return entered;
  }

  /** The same for a block of many operations, each of which then enters for nothing; for one thread at a time. */
  public Entered stay() {
    if (Thread.currentThread().equals(staying)) {
      return AGAIN;
    }
    Driver.pushContext(handle);
    staying = Thread.currentThread();
    return stayed;
  }

  private void leave() {
    staying = null;
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
