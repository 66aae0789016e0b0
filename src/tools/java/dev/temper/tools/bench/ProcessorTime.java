package dev.temper.tools.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Processor time of the machine in clock ticks, as counted by Linux.
 *
 * @param total time of all cores, idle time included; 0 on other systems
 * @param busy time of all processes and of the kernel
 * @param stolen time that the hypervisor gave to other machines
 * @param own time of this process and its descendants, ended ones included
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

  /** Share of other processes; clamped at 0, because the counters are not read at the same instant. */
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

  /** User and system time of a process and of its ended children: fields 14 to 17 of its stat line. */
  private static long ticks(long process) {
    try {
      String line = Files.readString(Path.of("/proc", Long.toString(process), "stat"));
      // The name in field 2 may contain blanks; it ends with the last parenthesis.
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      long ticks = 0;
      for (int field = 14; field <= 17; field++) {
        ticks += Long.parseLong(fields[field - 3]);
      }
      return ticks;
    } catch (IOException e) {
      return 0; // the process has ended; its time is now counted for its parent
    }
  }
}
