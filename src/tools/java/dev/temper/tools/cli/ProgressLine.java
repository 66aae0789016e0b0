package dev.temper.tools.cli;

import java.io.PrintStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Optional;

/**
 * Progress on stderr with the remaining time. A terminal shows one line that is overwritten; a file or pipe receives a
 * line every ten seconds. Other packages do not use this class: their callbacks receive {@code line::update}.
 */
final class ProgressLine implements AutoCloseable {

  private static final long REDRAW_NANOS = 100_000_000;
  private static final long LINE_NANOS = 10_000_000_000L;

  private final PrintStream stream;
  private final boolean terminal;
  private final long interval;
  private final long start = System.nanoTime();
  private long drawn;
  private int width;

  private ProgressLine(PrintStream stream, boolean terminal, long interval) {
    this.stream = stream;
    this.terminal = terminal;
    this.interval = interval;
    // A terminal shows the first update at once; a file has its first line after one interval.
    drawn = terminal ? start - interval : start;
  }

  /** Progress on stderr. */
  static ProgressLine onStderr() {
    return isTerminal(2) ? onTerminal(System.err) : inLines(System.err, LINE_NANOS);
  }

  /** Returns progress as one line that is overwritten. */
  static ProgressLine onTerminal(PrintStream stream) {
    return new ProgressLine(stream, true, REDRAW_NANOS);
  }

  /** Returns progress as a new line after each interval. */
  static ProgressLine inLines(PrintStream stream, long intervalNanos) {
    return new ProgressLine(stream, false, intervalNanos);
  }

  /**
   * Shows the progress of the work. Any thread may call the method, at any rate.
   *
   * @param note the current work, such as {@code student: loss 3.21}
   */
  synchronized void update(long done, long total, String note) {
    long now = System.nanoTime();
    boolean last = terminal && done >= total;
    if (now - drawn < interval && !last) {
      return;
    }
    drawn = now;
    String left = "";
    if (done > 0 && done < total) {
      left = String.format(Locale.ROOT, ", %.0f s left", (now - start) / 1e9 * (total - done) / done);
    }
    String text = String.format(Locale.ROOT, "%3d %% %s%s", total == 0 ? 100 : 100 * done / total, note, left);
    if (terminal) {
      stream.print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
      width = text.length();
    } else {
      stream.println(text.strip());
    }
    stream.flush();
  }

  /** Removes the line from a terminal. */
  @Override
  public synchronized void close() {
    if (width > 0) {
      stream.print("\r" + " ".repeat(width) + "\r");
      stream.flush();
      width = 0;
    }
  }

  /** Whether a file descriptor is a terminal for the C library. {@link System#console()} does not consider stderr. */
  private static boolean isTerminal(int descriptor) {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> isatty =
        linker.defaultLookup().find("isatty").or(() -> linker.defaultLookup().find("_isatty"));
    if (isatty.isEmpty()) {
      return false;
    }
    try {
      FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
      return (int) linker.downcallHandle(isatty.get(), type).invokeExact(descriptor) != 0;
    } catch (Throwable e) {
      return false;
    }
  }
}
