package dev.temper.cuda.driver;

import dev.temper.kernel.device.KernelLaunch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records the operations of a stream as a CUDA graph. The host cannot wait for an event that is recorded inside a
 * graph. Events are therefore left out of the graph and recorded behind each replay.
 */
public final class GraphRecording {

  private final PrimaryContext context;
  private final CudaStream stream;
  private @Nullable List<CudaEvent> events;

  public GraphRecording(PrimaryContext context, CudaStream stream) {
    this.context = context;
    this.stream = stream;
  }

  /** Returns whether a graph is being recorded. If so, the event is recorded behind each replay. */
  boolean takes(CudaEvent event) {
    if (events == null) {
      return false;
    }
    events.add(event);
    return true;
  }

  /** Records a sequence; the result replays the graph. */
  public KernelLaunch record(Runnable sequence) {
    if (stream.isLegacy()) {
      throw new IllegalArgumentException(
          "the legacy default stream cannot be recorded as a graph; open the engine without a stream, or on another "
          + "one");
    }
    List<CudaEvent> behind = new ArrayList<>();
    try (var _ = context.enter()) {
      long graph = capture(sequence, behind);
      try {
        return new Replay(context, stream, DriverStreams.instantiateGraph(graph), List.copyOf(behind));
      } finally {
        DriverStreams.destroyGraph(graph);
      }
    }
  }

  private long capture(Runnable sequence, List<CudaEvent> behind) {
    DriverStreams.beginCapture(stream.handle());
    events = behind;
    try {
      sequence.run();
    } catch (RuntimeException | Error e) {
      abandon(e);
      throw e;
    } finally {
      events = null;
    }
    return DriverStreams.endCapture(stream.handle());
  }

  /** Ends the capture after a failure, because the stream cannot be used during a capture. */
  private void abandon(Throwable reason) {
    try {
      DriverStreams.destroyGraph(DriverStreams.endCapture(stream.handle()));
    } catch (RuntimeException e) {
      reason.addSuppressed(e);
    }
  }

  private record Replay(PrimaryContext context, CudaStream stream, long executable,
      List<CudaEvent> events) implements KernelLaunch {

    @Override
    public void run() {
      try (var _ = context.enter()) {
        DriverStreams.launchGraph(executable, stream.handle());
        for (int i = 0; i < events.size(); i++) {  // an iterator would be an allocation
          events.get(i).record(stream);
        }
      }
    }

    @Override
    public void close() {
      try (var _ = context.enter()) {
        DriverStreams.destroyExecutable(executable);
      }
    }
  }
}
