package dev.temper.tools.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.temper.diagnostics.DeviceFacts;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The measurements of one run and its machine: the document of {@code temper bench --json} and of every result file.
 *
 * @param group name of the measurements that belong together, such as {@code peers}
 * @param date start of the run, ISO 8601 in UTC
 * @param commit revision of the sources, with {@code -dirty} if they had been changed
 * @param machine the computer of the run
 * @param device facts of the device; null if the machine itself computed
 * @param clocks medians of the device's clocks under load, by name and unit; null without a device
 * @param versions of the JVM, of the engine and of the peers, by name
 * @param copyGigabytesPerSecond copy rate of the memory, bytes read plus bytes written; NaN if it was not measured
 * @param quiet whether no other work disturbed the run; otherwise its numbers must not be published
 * @param disturbances one phrase for each disturbance
 * @param quietness the numbers behind {@code quiet}; null in files of programs that do not measure it
 * @param unfinished number of planned entries that were not measured
 * @param notes one sentence for each configuration that could not be measured
 * @param entries the measurements
 */
public record ResultFile(
    String group,
    String date,
    String commit,
    Machine machine,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable DeviceFacts device,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Map<String, Double> clocks,
    Map<String, String> versions,
    double copyGigabytesPerSecond,
    boolean quiet,
    List<String> disturbances,
    @Nullable Quietness quietness,
    int unfinished,
    List<String> notes,
    List<Measurement> entries) {

  /** Requires the fields of every result file; the lists may be missing in files of other programs. */
  public ResultFile {
    Objects.requireNonNull(group, "group is missing");
    Objects.requireNonNull(machine, "machine is missing");
    Objects.requireNonNull(entries, "entries are missing");
    clocks = device == null ? null : Objects.requireNonNullElse(clocks, Map.of());
    disturbances = Objects.requireNonNullElse(disturbances, List.of());
    notes = Objects.requireNonNullElse(notes, List.of());
  }

  /** The device or the processor, in one phrase. */
  public String place() {
    return device == null ? machine.processor() + ", " + machine.cores() + " cores" : device.name();
  }
}
