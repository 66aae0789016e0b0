package dev.temper.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;

/**
 * A call of the CUDA driver through JCuda: its arguments as objects of JCuda, and the check of its result. A failure
 * becomes a {@link dev.temper.DeviceException}.
 */
final class DriverCall {

  /** Objects of JCuda for the arguments, reused by all calls of a thread, so that a launch allocates nothing. */
  static final ThreadLocal<Arguments> ARGUMENTS = ThreadLocal.withInitial(Arguments::new);

  private DriverCall() {}

  /** Objects of JCuda for the arguments of a call. */
  static final class Arguments {
    final CUdevice device = new CUdevice();
    final CUcontext context = new CUcontext();
    final CUmodule module = new CUmodule();
    final CUfunction function = new CUfunction();
    final CUstream stream = new CUstream();
    final CUevent event = new CUevent();
    final CUevent second = new CUevent();
    final CUdeviceptr memory = new CUdeviceptr();
    final CUdeviceptr other = new CUdeviceptr();
    final CUgraph graph = new CUgraph();
    final CUgraphExec executable = new CUgraphExec();
    final Pointer host = new Pointer();
    final MemorySegment value = Arena.ofAuto().allocate(JAVA_LONG);
    final PointerAttributes.Query attributes = new PointerAttributes.Query();
    long bytes;
    int blocks;
    int threads;
    int sharedBytes;
    byte fill;
  }

  /** A call of the driver. The calls of a launch capture no variables, because a capturing lambda is an allocation. */
  interface Call {
    int run(Arguments arguments);
  }

  /** A call that makes an object. */
  interface Creation<T> {
    int run(T object);
  }

  static <T extends NativePointerObject> long handle(String call, T object, Creation<T> creation) {
    check(call, _ -> creation.run(object));
    return JCudaObjects.handle(object);
  }

  static void check(String call, Call function) {
    check(call, code(function));
  }

  static void check(String call, int code) {
    if (code != CUresult.CUDA_SUCCESS) {
      throw Failures.of(call, code, CUresult.stringFor(code));
    }
  }

  /**
   * Returns the error code of a call. Another user of JCuda in the process may have enabled exceptions, which hold only
   * the code's name.
   */
  static int code(Call function) {
    try {
      return function.run(ARGUMENTS.get());
    } catch (jcuda.CudaException e) {
      return IntStream.range(1, 1000).filter(code -> CUresult.stringFor(code).equals(e.getMessage())).findFirst()
          .orElse(CUresult.CUDA_ERROR_UNKNOWN);
    }
  }
}
