package dev.temper.cuda.driver;

import static dev.temper.cuda.driver.DriverCall.ARGUMENTS;
import static dev.temper.cuda.driver.DriverCall.check;
import static dev.temper.cuda.driver.DriverCall.handle;
import static dev.temper.cuda.driver.JCudaObjects.with;
import static jcuda.driver.JCudaDriver.*;

import jcuda.driver.CUcontext;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstreamCaptureStatus;

/**
 * The functions of the CUDA driver for streams, and for events and graphs, whose work is submitted to a stream. See
 * {@link Driver} for contexts and errors.
 */
public final class DriverStreams {

  private DriverStreams() {}

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
}
