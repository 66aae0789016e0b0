package dev.temper.cuda.driver;

import static dev.temper.cuda.driver.DriverCall.ARGUMENTS;
import static dev.temper.cuda.driver.DriverCall.check;
import static dev.temper.cuda.driver.DriverCall.handle;
import static dev.temper.cuda.driver.JCudaObjects.with;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static jcuda.driver.JCudaDriver.*;

import dev.temper.DeviceException;
import dev.temper.cuda.driver.DriverCall.Arguments;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;

/**
 * The functions of the CUDA driver for devices, contexts, modules and launches. {@link DriverMemory} and {@link
 * DriverStreams} have the others. All are called through JCuda with raw handles. {@link CudaDriver#load} must be called
 * first. Without the driver's library JCuda's library does not load, and a second attempt in the process fails too.
 *
 * <p>Functions work in the context that is current on the calling thread. They throw a {@link DeviceException} if the
 * driver returns an error.
 */
public final class Driver {

  private Driver() {}

  static void initialise() {
    check("cuInit", _ -> cuInit(0));
  }

  static long device(int index) {
    return handle("cuDeviceGet of device " + index, new CUdevice(), device -> cuDeviceGet(device, index));
  }

  static int attribute(long device, int attribute) {
    int[] value = new int[1];
    check("cuDeviceGetAttribute", a -> cuDeviceGetAttribute(value, attribute, with(a.device, device)));
    return value[0];
  }

  static long retainPrimaryContext(long device) {
    return handle("cuDevicePrimaryCtxRetain", new CUcontext(),
        context -> cuDevicePrimaryCtxRetain(context, with(ARGUMENTS.get().device, device)));
  }

  static void releasePrimaryContext(long device) {
    check("cuDevicePrimaryCtxRelease", a -> cuDevicePrimaryCtxRelease(with(a.device, device)));
  }

  static void pushContext(long context) {
    with(ARGUMENTS.get().context, context);
    check("cuCtxPushCurrent", a -> cuCtxPushCurrent(a.context));
  }

  static void popContext() {
    check("cuCtxPopCurrent", a -> cuCtxPopCurrent(a.context));
  }

  /** Loads machine code, or PTX that ends with a zero byte. */
  public static long loadModule(byte[] code) {
    return handle("cuModuleLoadData of " + code.length + " bytes", new CUmodule(),
        module -> cuModuleLoadData(module, code));
  }

  public static void unloadModule(long module) {
    check("cuModuleUnload", a -> cuModuleUnload(with(a.module, module)));
  }

  public static long function(long module, String name) {
    return handle("cuModuleGetFunction of " + name, new CUfunction(),
        function -> cuModuleGetFunction(function, with(ARGUMENTS.get().module, module), name));
  }

  /** Raises the limit of a kernel's dynamic shared memory, which is 48 KiB by default. */
  public static void allowSharedMemory(long function, int bytes) {
    check("cuFuncSetAttribute of " + bytes + " bytes of shared memory", a -> cuFuncSetAttribute(
        with(a.function, function), CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes));
  }

  /** Allows a kernel clusters of more than eight blocks, which not every device can run. */
  public static void allowLargeClusters(long function) {
    check("cuFuncSetAttribute of non-portable clusters", a -> cuFuncSetAttribute(
        with(a.function, function), CUfunction_attribute.CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1));
  }

  /** Registers per thread. */
  static int registers(long function) {
    return functionAttribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS);
  }

  /** Bytes of local memory per thread. */
  static int localBytes(long function) {
    return functionAttribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
  }

  private static int functionAttribute(long function, int attribute) {
    int[] value = new int[1];
    check("cuFuncGetAttribute", a -> cuFuncGetAttribute(value, attribute, with(a.function, function)));
    return value[0];
  }

  /** Resident blocks per multiprocessor. */
  static int residentBlocks(long function, int threads, int sharedBytes) {
    int[] blocks = new int[1];
    check("cuOccupancyMaxActiveBlocksPerMultiprocessor",
        a -> cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, with(a.function, function), threads, sharedBytes));
    return blocks[0];
  }

  /**
   * Launches a kernel that takes one struct by value. The driver copies the struct from {@code parameters} during the
   * call.
   */
  public static void launch(long function, int blocks, int threads, int sharedBytes, long stream, long parameters) {
    Arguments arguments = ARGUMENTS.get();
    with(arguments.function, function);
    with(arguments.stream, stream);
    with(arguments.host, arguments.value.address());
    arguments.value.set(JAVA_LONG, 0, parameters);
    arguments.blocks = blocks;
    arguments.threads = threads;
    arguments.sharedBytes = sharedBytes;
    check("cuLaunchKernel",
        a -> cuLaunchKernel(a.function, a.blocks, 1, 1, a.threads, 1, 1, a.sharedBytes, a.stream, a.host, null));
  }

  /** Name of an error code. */
  static String codeName(int code) {
    return CUresult.stringFor(code);
  }
}
