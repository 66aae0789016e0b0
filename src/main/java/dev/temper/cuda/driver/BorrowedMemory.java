package dev.temper.cuda.driver;

/** Asks the driver about addresses that others made, before a kernel faults on one of them. */
public final class BorrowedMemory {

  /** {@code CUmemorytype}. */
  private static final int UNKNOWN = 0;
  private static final int HOST = 1;

  private final int device;

  public BorrowedMemory(int device) {
    this.device = device;
  }

  /**
   * Looks at the first and the last byte: memory that an allocator has mapped chunk by chunk is many allocations to the driver, so
   * that the size of the one under the address says nothing.
   *
   * @throws IllegalArgumentException if one of them is not memory of this device
   */
  public void require(String tensor, long address, long bytes) {
    requireByte(tensor, address, bytes, address, "its first byte");
    requireByte(tensor, address, bytes, address + bytes - 1, "its last byte");
  }

  private void requireByte(String tensor, long address, long bytes, long at, String which) {
    int type = Driver.memoryType(at);
    if (type == UNKNOWN) {
      throw refusal(tensor, address, bytes, which + " is memory that the CUDA driver does not know",
          "give the device address as its framework does, and keep the memory until the engine has read it");
    }
    int owner = Driver.deviceOf(at);
    if ((type != HOST && owner == device) || Driver.isManaged(at)) {
      return;
    }
    if (type == HOST) {
      throw refusal(tensor, address, bytes, which + " lies in host memory", "give it as HostMatrix or RowVector.Host");
    }
    throw refusal(tensor, address, bytes, which + " lies on cuda:" + owner, "copy it, or open engine cuda:" + owner);
  }

  private IllegalArgumentException refusal(String tensor, long address, long bytes, String found, String remedy) {
    return new IllegalArgumentException(String.format("%s is at device address 0x%x, but %s, expected %d bytes on cuda:%d; %s",
        tensor, address, found, bytes, device, remedy));
  }
}
