package dev.temper.cuda;

/** The context that all users of a device in this process share, PyTorch and others included: addresses and streams are common. */
final class PrimaryContext implements AutoCloseable {

  private final long device;
  private final long handle;
  private final Entered entered = Driver::popContext;

  /** Retains it. */
  PrimaryContext(int index) {
    device = Driver.device(index);
    handle = Driver.retainPrimaryContext(device);
  }

  /** A block in which the context is the calling thread's; what was current before is current again after it. */
  interface Entered extends AutoCloseable {
    @Override
    void close();
  }

  Entered enter() {
    Driver.pushContext(handle);
    return entered;
  }

  long handle() {
    return handle;
  }

  int attribute(int attribute) {
    return Driver.attribute(device, attribute);
  }

  @Override
  public void close() {
    Driver.releasePrimaryContext(device);
  }
}
