package dev.temper.tools.cli;

import java.io.PrintStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Optional;

/**
 * One line on stderr that is written over and over, with the time left; nothing at all where stderr is no terminal. Rooms
 * below the command line take a callback of their own and are given {@code line::update}.
 */
final class ProgressLine implements AutoCloseable {

  private static final long REDRAW_NANOS = 100_000_000;

  private final PrintStream terminal;
  private final boolean shown;
  private final long start = System.nanoTime();
  private long drawn = start - REDRAW_NANOS;
  private int width;

  private ProgressLine(PrintStream terminal, boolean shown) {
    this.terminal = terminal;
    this.shown = shown;
  }

  /** A line on stderr, if that is a terminal. */
  static ProgressLine onStderr() {
    return new ProgressLine(System.err, isTerminal(2));
  }

  /** A line on any stream. */
  static ProgressLine on(PrintStream stream) {
    return new ProgressLine(stream, true);
  }

  /**
   * Shows how far the work is; may be called from any thread and as often as convenient.
   *
   * @param note what is being done, such as {@code student: loss 3.21}
   */
  synchronized void update(long done, long total, String note) {
    long now = System.nanoTime();
    if (!shown || (now - drawn < REDRAW_NANOS && done < total)) {
      return;
    }
    drawn = now;
    String left = "";
    if (done > 0 && done < total) {
      left = String.format(Locale.ROOT, ", %.0f s left", (now - start) / 1e9 * (total - done) / done);
    }
    String text = String.format(Locale.ROOT, "%3d %% %s%s", total == 0 ? 100 : 100 * done / total, note, left);
    terminal.print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
    terminal.flush();
    width = text.length();
  }

  /** Removes the line. */
  @Override
  public synchronized void close() {
    if (width > 0) {
      terminal.print("\r" + " ".repeat(width) + "\r");
      terminal.flush();
      width = 0;
    }
  }

  /** Asks the C library: {@link System#console()} knows stdin and stdout, not stderr. */
  private static boolean isTerminal(int descriptor) {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> isatty = linker.defaultLookup().find("isatty").or(() -> linker.defaultLookup().find("_isatty"));
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
