package dev.temper.tools.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Processor time of the whole machine in clock ticks, as Linux counts it.
 *
 * @param total all cores, idle or not; 0 where the system does not tell
 * @param busy spent by any process or by the kernel
 * @param stolen given to other machines by the hypervisor
 * @param own spent by this process and its children, ended ones included
 */
record ProcessorTime(long total, long busy, long stolen, long own) {

  private static final int USER = 1;
  private static final int IDLE = 4;
  private static final int IO_WAIT = 5;
  private static final int STOLEN = 8;

  static ProcessorTime now() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
      String[] all = lines.findFirst().orElse("").split(" +", -1);
      long total = 0;
      for (int column = USER; column <= STOLEN; column++) {
        total += Long.parseLong(all[column]);
      }
      long stolen = Long.parseLong(all[STOLEN]);
      long busy = total - stolen - Long.parseLong(all[IDLE]) - Long.parseLong(all[IO_WAIT]);
      return new ProcessorTime(total, busy, stolen, ownTicks());
    } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return new ProcessorTime(0, 0, 0, 0);
    }
  }

  ProcessorTime since(ProcessorTime earlier) {
    return new ProcessorTime(total - earlier.total, busy - earlier.busy, stolen - earlier.stolen, own - earlier.own);
  }

  double stolenShare() {
    return total == 0 ? Double.NaN : (double) stolen / total;
  }

  /** Never negative: the counters of the machine and of the processes are not read at the same instant. */
  double othersShare() {
    return total == 0 ? Double.NaN : Math.max(0, (double) (busy - own) / total);
  }

  private static long ownTicks() {
    List<Long> processes = Stream.concat(Stream.of(ProcessHandle.current()), ProcessHandle.current().descendants())
        .map(ProcessHandle::pid).toList();
    long ticks = 0;
    for (long process : processes) {
      ticks += ticks(process);
    }
    return ticks;
  }

  /** User and system time, of the process and of its children that have ended: fields 14 to 17 of its stat line. */
  private static long ticks(long process) {
    try {
      String line = Files.readString(Path.of("/proc", Long.toString(process), "stat"));
      // The name in field 2 may hold blanks; it ends with the last parenthesis.
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      long ticks = 0;
      for (int field = 14; field <= 17; field++) {
        ticks += Long.parseLong(fields[field - 3]);
      }
      return ticks;
    } catch (IOException e) {
      return 0; // it has ended; its parent has its time by now
    }
  }
}
