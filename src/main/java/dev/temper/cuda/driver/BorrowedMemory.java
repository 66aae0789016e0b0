package dev.temper.cuda.driver;

/**
 * Checks addresses that other code has allocated. An invalid address would make a kernel fail and the device unusable
 * for this process. Every call queries the driver again, because other code may have freed the memory since the last
 * call.
 */
public final class BorrowedMemory {

  private final int device;

  public BorrowedMemory(int device) {
    this.device = device;
  }

  /**
   * Checks that the first and the last byte are memory of this device, with one driver call if both belong to one
   * allocation. Memory that an allocator has mapped in pieces needs a second call, because parts of a reserved range
   * may not be mapped.
   *
   * @throws IllegalArgumentException if one of the bytes is not memory of this device
   */
  public void require(String tensor, long address, long bytes) {
    PointerAttributes first = DriverMemory.pointerAttributes(address);
    requireAccessible(tensor, address, bytes, first, "its first byte");
    if (!first.isAllocated(address, bytes)) {
      requireAccessible(tensor, address, bytes, DriverMemory.pointerAttributes(address + bytes - 1), "its last byte");
    }
  }

  private void requireAccessible(String tensor, long address, long bytes, PointerAttributes found, String which) {
    if (found.memoryType() == PointerAttributes.UNKNOWN) {
      throw refusal(tensor, address, bytes, which + " is not memory of the CUDA driver",
          "give the device address as its framework does, and keep the memory until the engine has read it");
    }
    if (found.managed() || (found.memoryType() != PointerAttributes.HOST && found.device() == device)) {
      return;
    }
    if (found.memoryType() == PointerAttributes.HOST) {
      throw refusal(tensor, address, bytes, which + " lies in host memory", "give it as a view of host memory");
    }
    throw refusal(
        tensor, address, bytes, which + " lies on cuda:" + found.device(), "copy it, or open engine cuda:"
        + found.device());
  }

  private IllegalArgumentException refusal(String tensor, long address, long bytes, String found, String remedy) {
    return new IllegalArgumentException(String.format("%s is at device address 0x%x, but %s, expected %d bytes on "
        + "cuda:%d; %s",
        tensor, address, found, bytes, device, remedy));
  }
}
