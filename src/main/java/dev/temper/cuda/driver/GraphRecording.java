package dev.temper.cuda.driver;

import dev.temper.kernel.device.KernelLaunch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records what is given to a stream as a CUDA graph. An event that a graph contains cannot be waited for from outside, so events
 * are kept out of it, and recorded behind each replay.
 */
public final class GraphRecording {

  private final PrimaryContext context;
  private final CudaStream stream;
  private @Nullable List<CudaEvent> events;

  public GraphRecording(PrimaryContext context, CudaStream stream) {
    this.context = context;
    this.stream = stream;
  }

  /** Whether a graph is being recorded, which the event will then follow. */
  boolean takes(CudaEvent event) {
    if (events == null) {
      return false;
    }
    events.add(event);
    return true;
  }

  /** The graph of what a sequence does. */
  public KernelLaunch record(Runnable sequence) {
    if (stream.isLegacy()) {
      throw new IllegalArgumentException(
          "the legacy default stream cannot be recorded as a graph; open the engine without a stream, or on another one");
    }
    List<CudaEvent> behind = new ArrayList<>();
    try (var _ = context.enter()) {
      long graph = capture(sequence, behind);
      try {
        return new Replay(context, stream, Driver.instantiateGraph(graph), List.copyOf(behind));
      } finally {
        Driver.destroyGraph(graph);
      }
    }
  }

  private long capture(Runnable sequence, List<CudaEvent> behind) {
    Driver.beginCapture(stream.handle());
    events = behind;
    try {
      sequence.run();
    } catch (RuntimeException e) {
      abandon(e);
      throw e;
    } finally {
      events = null;
    }
    return Driver.endCapture(stream.handle());
  }

  /** The stream must not stay in capture. */
  private void abandon(RuntimeException reason) {
    try {
      Driver.destroyGraph(Driver.endCapture(stream.handle()));
    } catch (RuntimeException e) {
      reason.addSuppressed(e);
    }
  }

  private record Replay(PrimaryContext context, CudaStream stream, long executable, List<CudaEvent> events) implements KernelLaunch {

    @Override
    public void run() {
      try (var _ = context.enter()) {
        Driver.launchGraph(executable, stream.handle());
        for (int i = 0; i < events.size(); i++) {  // without an iterator: a replay allocates nothing
          events.get(i).record(stream);
        }
      }
    }

    @Override
    public void close() {
      try (var _ = context.enter()) {
        Driver.destroyExecutable(executable);
      }
    }
  }
}
