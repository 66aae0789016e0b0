package dev.temper.tools.bench;

import dev.temper.diagnostics.DeviceFacts;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What was measured in one run, and where: the content of a result file. {@link ResultJson} writes it.
 *
 * @param group what was measured together, such as {@code peers}
 * @param date when it was run, ISO 8601 in UTC
 * @param commit revision of the sources, with {@code -dirty} if they had been changed
 * @param machine what it ran on
 * @param device what the device told of itself; null where the machine itself computed
 * @param clocks of the device under load, by name and unit; empty where they are not known
 * @param versions of the JVM, of what compiles and of the peers
 * @param copyGigabytesPerSecond copy rate of the memory, bytes read plus bytes written; NaN if it was not measured
 * @param quiet whether nothing else disturbed the run; only then may its numbers be shown
 * @param disturbances what did, one phrase each
 * @param quietness the numbers behind that
 * @param unfinished how many of the planned entries were not measured
 * @param notes what could not be measured and why, one sentence each
 * @param entries what was measured
 */
public record ResultFile(
    String group,
    String date,
    String commit,
    Machine machine,
    @Nullable DeviceFacts device,
    Map<String, Double> clocks,
    Map<String, String> versions,
    double copyGigabytesPerSecond,
    boolean quiet,
    List<String> disturbances,
    Quietness quietness,
    int unfinished,
    List<String> notes,
    List<Entry> entries) {

  /** Files of runs without a device leave out what belongs to one. */
  public ResultFile {
    clocks = Objects.requireNonNullElse(clocks, Map.of());
    notes = Objects.requireNonNullElse(notes, List.of());
  }

  /** What the numbers belong to, in one phrase. */
  public String place() {
    return device == null ? machine.processor() + ", " + machine.cores() + " cores" : device.name();
  }
}
