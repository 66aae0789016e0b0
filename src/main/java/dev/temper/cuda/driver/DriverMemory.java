package dev.temper.cuda.driver;

import static dev.temper.cuda.driver.DriverCall.ARGUMENTS;
import static dev.temper.cuda.driver.DriverCall.check;
import static dev.temper.cuda.driver.DriverCall.code;
import static dev.temper.cuda.driver.DriverCall.handle;
import static dev.temper.cuda.driver.JCudaObjects.with;
import static jcuda.driver.JCudaDriver.*;

import dev.temper.cuda.driver.DriverCall.Arguments;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;

/**
 * The functions of the CUDA driver for memory: device memory, page-locked host memory, copies, and the attributes of an
 * address. See {@link Driver} for contexts and errors.
 */
public final class DriverMemory {

  private DriverMemory() {}

  /** Free and total memory of the device in bytes. */
  record Info(long free, long total) {}

  public static long allocate(long bytes) {
    CUdeviceptr memory = new CUdeviceptr();
    int code = code(_ -> cuMemAlloc(memory, bytes));
    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw Failures.outOfMemory("cuMemAlloc of " + bytes + " bytes", code, CUresult.stringFor(code), memoryInfo());
    }
    check("cuMemAlloc of " + bytes + " bytes", code);
    return JCudaObjects.handle(memory);
  }

  public static void free(long address) {
    check("cuMemFree", a -> cuMemFree(with(a.memory, address)));
  }

  static Info memoryInfo() {
    long[] free = new long[1];
    long[] total = new long[1];
    check("cuMemGetInfo", _ -> cuMemGetInfo(free, total));
    return new Info(free[0], total[0]);
  }

  /** Page-locked host memory, at most 2 GiB. */
  public static long allocatePinned(int bytes, int flags) {
    return handle("cuMemHostAlloc of " + bytes + " bytes", new Pointer(),
        memory -> cuMemHostAlloc(memory, bytes, flags));
  }

  /** The address at which kernels access mapped page-locked host memory. */
  static long deviceAddress(long pinned) {
    return handle("cuMemHostGetDevicePointer", new CUdeviceptr(),
        address -> cuMemHostGetDevicePointer(address, with(ARGUMENTS.get().host, pinned), 0));
  }

  public static void freePinned(long address) {
    check("cuMemFreeHost", a -> cuMemFreeHost(with(a.host, address)));
  }

  public static void copyToDevice(long from, long to, long bytes, long stream) {
    check("cuMemcpyHtoDAsync", a -> cuMemcpyHtoDAsync(with(a.memory, to), with(a.host, from), bytes,
        with(a.stream, stream)));
  }

  public static void copyToHost(long from, long to, long bytes, long stream) {
    Arguments arguments = ARGUMENTS.get();
    with(arguments.host, to);
    with(arguments.memory, from);
    with(arguments.stream, stream);
    arguments.bytes = bytes;
    check("cuMemcpyDtoHAsync", a -> cuMemcpyDtoHAsync(a.host, a.memory, a.bytes, a.stream));
  }

  public static void copyOnDevice(long from, long to, long bytes, long stream) {
    check("cuMemcpyDtoDAsync", a -> cuMemcpyDtoDAsync(with(a.memory, to), with(a.other, from), bytes,
        with(a.stream, stream)));
  }

  public static void fill(long address, byte value, long bytes, long stream) {
    Arguments arguments = ARGUMENTS.get();
    with(arguments.memory, address);
    with(arguments.stream, stream);
    arguments.bytes = bytes;
    arguments.fill = value;
    check("cuMemsetD8Async", a -> cuMemsetD8Async(a.memory, a.fill, a.bytes, a.stream));
  }

  /** Returns the attributes of an address with one driver call; all are zero if the address is not CUDA memory. */
  public static PointerAttributes pointerAttributes(long address) {
    PointerAttributes.Query query = ARGUMENTS.get().attributes;
    check("cuPointerGetAttributes", a -> cuPointerGetAttributes(
        PointerAttributes.Query.COUNT, PointerAttributes.Query.NUMBERS, with(a.host, query.pointers()),
        with(a.memory, address)));
    return query.result();
  }
}
