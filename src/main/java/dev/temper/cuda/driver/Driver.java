package dev.temper.cuda.driver;

import static dev.temper.cuda.driver.DriverCall.ARGUMENTS;
import static dev.temper.cuda.driver.DriverCall.check;
import static dev.temper.cuda.driver.DriverCall.code;
import static dev.temper.cuda.driver.DriverCall.handle;
import static dev.temper.cuda.driver.JCudaObjects.with;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static jcuda.driver.JCudaDriver.*;

import dev.temper.DeviceException;
import dev.temper.cuda.driver.DriverCall.Arguments;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstreamCaptureStatus;

/**
 * The functions of the CUDA driver, called through JCuda with raw handles. {@link CudaDriver#load} must be called
 * first. Without the driver's library JCuda's library does not load, and a second attempt in the process fails too.
 *
 * <p>Functions work in the context that is current on the calling thread. They throw a {@link DeviceException} if the
 * driver returns an error.
 */
public final class Driver {

  private Driver() {}

  /** Free and total memory of the device in bytes. */
  record Memory(long free, long total) {}

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

  static Memory memoryInfo() {
    long[] free = new long[1];
    long[] total = new long[1];
    check("cuMemGetInfo", _ -> cuMemGetInfo(free, total));
    return new Memory(free[0], total[0]);
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

  public static long createStream(int flags) {
    return handle("cuStreamCreate", new CUstream(), stream -> cuStreamCreate(stream, flags));
  }

  public static void destroyStream(long stream) {
    check("cuStreamDestroy", a -> cuStreamDestroy(with(a.stream, stream)));
  }

  static long contextOf(long stream) {
    return handle("cuStreamGetCtx", new CUcontext(),
        context -> cuStreamGetCtx(with(ARGUMENTS.get().stream, stream), context));
  }

  public static void synchronizeStream(long stream) {
    check("cuStreamSynchronize", a -> cuStreamSynchronize(with(a.stream, stream)));
  }

  static long createEvent(int flags) {
    return handle("cuEventCreate", new CUevent(), event -> cuEventCreate(event, flags));
  }

  static void destroyEvent(long event) {
    check("cuEventDestroy", a -> cuEventDestroy(with(a.event, event)));
  }

  static void recordEvent(long event, long stream) {
    with(ARGUMENTS.get().event, event);
    with(ARGUMENTS.get().stream, stream);
    check("cuEventRecord", a -> cuEventRecord(a.event, a.stream));
  }

  static void synchronizeEvent(long event) {
    check("cuEventSynchronize", a -> cuEventSynchronize(with(a.event, event)));
  }

  static double elapsedMilliseconds(long start, long end) {
    float[] milliseconds = new float[1];
    check("cuEventElapsedTime", a -> cuEventElapsedTime(milliseconds, with(a.event, start), with(a.second, end)));
    return milliseconds[0];
  }

  /** Returns the attributes of an address with one driver call; all are zero if the address is not CUDA memory. */
  public static PointerAttributes pointerAttributes(long address) {
    PointerAttributes.Query query = ARGUMENTS.get().attributes;
    check("cuPointerGetAttributes", a -> cuPointerGetAttributes(
        PointerAttributes.Query.COUNT, PointerAttributes.Query.NUMBERS, with(a.host, query.pointers()),
        with(a.memory, address)));
    return query.result();
  }

  /**
   * Begins to capture the work that this thread submits to the stream, until {@link #endCapture}. Other threads can use
   * other streams meanwhile.
   */
  public static void beginCapture(long stream) {
    check("cuStreamBeginCapture", a -> cuStreamBeginCapture(
        with(a.stream, stream), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  }

  /** Returns whether this library or other code captures a stream. */
  public static boolean isCapturing(long stream) {
    int[] status = new int[1];
    check("cuStreamIsCapturing", a -> cuStreamIsCapturing(with(a.stream, stream), status));
    return status[0] != CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_NONE;
  }

  public static long endCapture(long stream) {
    return handle("cuStreamEndCapture", new CUgraph(),
        graph -> cuStreamEndCapture(with(ARGUMENTS.get().stream, stream), graph));
  }

  public static long instantiateGraph(long graph) {
    return handle("cuGraphInstantiate", new CUgraphExec(),
        executable -> cuGraphInstantiate(executable, with(ARGUMENTS.get().graph, graph), 0));
  }

  public static void launchGraph(long executable, long stream) {
    with(ARGUMENTS.get().executable, executable);
    with(ARGUMENTS.get().stream, stream);
    check("cuGraphLaunch", a -> cuGraphLaunch(a.executable, a.stream));
  }

  public static void destroyGraph(long graph) {
    check("cuGraphDestroy", a -> cuGraphDestroy(with(a.graph, graph)));
  }

  public static void destroyExecutable(long executable) {
    check("cuGraphExecDestroy", a -> cuGraphExecDestroy(with(a.executable, executable)));
  }

  /** Name of an error code. */
  static String codeName(int code) {
    return CUresult.stringFor(code);
  }
}
