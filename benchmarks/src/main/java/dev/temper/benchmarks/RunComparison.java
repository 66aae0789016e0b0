package dev.temper.benchmarks;

import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.ResultFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * The changes from one run of a group to another.
 *
 * @param notes reasons why the runs may not be comparable, one sentence each
 * @param slower slower configurations, worst first
 * @param faster faster configurations, best first
 * @param compared number of configurations in both runs
 */
record RunComparison(List<String> notes, List<Change> slower, List<Change> faster, int compared) {

  /** Two runs of the same code differ by less. */
  private static final double LEAST_CHANGE = 0.05;

  /** The medians of one configuration in milliseconds. */
  record Change(String key, double before, double after) {
    double ratio() {
      return after / before;
    }
  }

  /**
   * Compares two runs. A change counts if the medians differ by more than 5 % and the middle 80 % of the samples do not
   * overlap.
   *
   * @throws IllegalArgumentException if the files have no configuration in common
   */
  static RunComparison of(ResultFile before, ResultFile after) {
    Map<String, Measurement> old = new HashMap<>();
    before.entries().forEach(entry -> old.put(entry.key(), entry));
    List<Change> slower = new ArrayList<>();
    List<Change> faster = new ArrayList<>();
    int compared = 0;
    for (Measurement now : after.entries()) {
      Measurement was = old.get(now.key());
      if (was == null) {
        continue;
      }
      compared++;
      Change change = new Change(now.key(), was.time().median(), now.time().median());
      if (change.ratio() > 1 + LEAST_CHANGE && now.time().low() > was.time().high()) {
        slower.add(change);
      } else if (change.ratio() < 1 / (1 + LEAST_CHANGE) && now.time().high() < was.time().low()) {
        faster.add(change);
      }
    }
    if (compared == 0) {
      throw new IllegalArgumentException("groups " + before.group() + " and " + after.group()
          + " have no configuration in common");
    }
    slower.sort(Comparator.comparingDouble(Change::ratio).reversed());
    faster.sort(Comparator.comparingDouble(Change::ratio));
    List<String> notes = notes(before, after);
    after.entries().forEach(entry -> old.remove(entry.key()));
    if (!old.isEmpty()) {
      notes.add(old.size() + " configurations of the older run were not measured again, such as "
          + old.keySet().stream().sorted().findFirst().orElseThrow());
    }
    return new RunComparison(notes, slower, faster, compared);
  }

  /** The comparison as text. */
  String text() {
    StringBuilder text = new StringBuilder();
    notes.forEach(note -> text.append("note: ").append(note).append('\n'));
    slower.forEach(change -> line(text, "slower", change));
    faster.forEach(change -> line(text, "faster", change));
    return text.append(String.format(Locale.ROOT, "%d compared, %d slower, %d faster%n", compared, slower.size(),
        faster.size())).toString();
  }

  private static List<String> notes(ResultFile before, ResultFile after) {
    List<String> notes = new ArrayList<>();
    if (!before.machine().equals(after.machine())) {
      notes.add("the machines differ: " + before.machine() + " and " + after.machine());
    }
    if (!Objects.equals(before.device(), after.device())) {
      notes.add("the devices differ: " + before.device() + " and " + after.device());
    }
    for (ResultFile file : List.of(before, after)) {
      if (!file.quiet()) {
        notes.add("the run of " + file.date() + " was disturbed: " + String.join("; ", file.disturbances()));
      }
      if (file.unfinished() > 0) {
        notes.add("the run of " + file.date() + " ended " + file.unfinished() + " entries early");
      }
    }
    return notes;
  }

  private static void line(StringBuilder text, String verdict, Change change) {
    text.append(String.format(Locale.ROOT, "%s %.2f x (%.4g -> %.4g): %s%n", verdict, change.ratio(), change.before(),
        change.after(), change.key()));
  }
}
