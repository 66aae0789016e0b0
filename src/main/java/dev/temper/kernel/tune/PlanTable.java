package dev.temper.kernel.tune;

import java.util.ArrayList;
import java.util.List;

/**
 * The text of a plan file: a line with the version of the format, a line with the names of the fields, and a line for
 * each plan. Fields are separated by tabs.
 *
 * @param plans the plans, at most one for each device and key
 */
record PlanTable(List<TunedPlan> plans) {

  static final PlanTable EMPTY = new PlanTable(List.of());

  private static final String TAB = "\t";
  private static final String FORMAT = "temper plans 1";
  private static final String NAMES = String.join(TAB, TunedPlan.FIELDS);

  PlanTable {
    plans = List.copyOf(plans);
  }

  /**
   * Reads the text of a file.
   *
   * @throws IllegalArgumentException if a line is damaged; the message begins with the number of the line
   */
  static PlanTable parse(String text) {
    if (!text.endsWith("\n")) {
      throw new IllegalArgumentException("its last line has no line break at its end");
    }
    List<String> lines = text.lines().toList();
    require(lines, 0, FORMAT);
    require(lines, 1, NAMES);
    List<TunedPlan> plans = new ArrayList<>();
    for (int i = 2; i < lines.size(); i++) {
      try {
        TunedPlan plan = plan(lines.get(i));
        if (plans.stream().anyMatch(plan::isReplacedBy)) {
          throw new IllegalArgumentException("an earlier line has the same device, loss, dtypes and classes");
        }
        plans.add(plan);
      } catch (IllegalArgumentException e) { // from DType.valueOf and the parsers of numbers, too
        throw new IllegalArgumentException("line " + (i + 1) + ": " + e.getMessage(), e);
      }
    }
    return new PlanTable(plans);
  }

  private static void require(List<String> lines, int line, String expected) {
    String found = line < lines.size() ? lines.get(line) : "";
    if (!found.equals(expected)) {
      throw new IllegalArgumentException("line " + (line + 1) + " is '" + found + "', expected '" + expected + "'");
    }
  }

  private static TunedPlan plan(String line) {
    List<String> fields = List.of(line.split(TAB, -1));
    if (fields.size() != TunedPlan.FIELDS.size()) {
      throw new IllegalArgumentException(fields.size() + " fields, expected " + TunedPlan.FIELDS.size());
    }
    return TunedPlan.parse(fields);
  }

  /** A whole number from 1 to {@code most}. */
  static long whole(String text, long most) {
    long value = Long.parseLong(text);
    if (value < 1 || value > most) {
      throw new IllegalArgumentException("'" + text + "' is not a number from 1 to " + most);
    }
    return value;
  }

  /** Returns this table with a plan, which replaces an older one for the same calls on the same device. */
  PlanTable with(TunedPlan plan) {
    List<TunedPlan> merged = new ArrayList<>(plans);
    merged.removeIf(older -> older.isReplacedBy(plan));
    merged.add(plan);
    return new PlanTable(merged);
  }

  /** The text of a file. */
  String text() {
    StringBuilder text = new StringBuilder(FORMAT).append('\n').append(NAMES).append('\n');
    plans.forEach(plan -> text.append(String.join(TAB, plan.fields())).append('\n'));
    return text.toString();
  }
}
