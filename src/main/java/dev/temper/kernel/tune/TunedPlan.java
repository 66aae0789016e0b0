package dev.temper.kernel.tune;

import dev.temper.diagnostics.PlanTimes;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/**
 * The fastest plan of a measurement; one line of {@link PlanFile}.
 *
 * @param device device and code of the measurement
 * @param key the calls that have the plan
 * @param rows rows of the measured batch
 * @param times labels and times of this plan and of the default plan
 */
record TunedPlan(DeviceIdentity device, PlanKey key, long rows, PlanTimes times) {

  static final List<String> FIELDS = List.of("device", "capability", "compiler", "sources", "loss", "dtypes",
      "classes", "rows", "plan", "ms", "default plan", "default ms");

  private static final MathContext DIGITS = new MathContext(4);

  /**
   * Reads a line of {@link #FIELDS}.
   *
   * @throws IllegalArgumentException if a field has an invalid value
   */
  static TunedPlan parse(List<String> fields) {
    for (String field : fields) {
      if (field.isBlank()) {
        throw new IllegalArgumentException("the field '" + FIELDS.get(fields.indexOf(field)) + "' is empty");
      }
    }
    return new TunedPlan(
        new DeviceIdentity(fields.get(0), fields.get(1), fields.get(2), fields.get(3)),
        PlanKey.parse(fields.get(4), fields.get(5), fields.get(6)), PlanTable.whole(fields.get(7), Long.MAX_VALUE),
        new PlanTimes(fields.get(8), milliseconds(fields.get(9)), fields.get(10), milliseconds(fields.get(11))));
  }

  private static double milliseconds(String text) {
    double value = Double.parseDouble(text);
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException("'" + text + "' is not a time in milliseconds");
    }
    return value;
  }

  List<String> fields() {
    List<String> fields = new ArrayList<>(device.fields());
    fields.addAll(key.fields());
    fields.addAll(List.of(Long.toString(rows), times.plan(), text(times.milliseconds()), times.defaultPlan(),
        text(times.defaultMilliseconds())));
    return fields;
  }

  private static String text(double milliseconds) {
    return new BigDecimal(milliseconds).round(DIGITS).toPlainString();
  }

  /**
   * Returns whether a measurement replaces this one: it is of the same calls on the same device, with code of any
   * version.
   */
  boolean isReplacedBy(TunedPlan newer) {
    return key.equals(newer.key) && device.isSameDevice(newer.device);
  }

  /**
   * Times in one phrase, such as {@code ring5-block-512, 1.101 ms at 8192 rows; by default shared-block-512, 1.250 ms}.
   */
  String describe() {
    String others = times.plan().equals(times.defaultPlan()) ? ", the default plan"
        : "; by default " + times.defaultPlan() + ", " + text(times.defaultMilliseconds()) + " ms";
    return times.plan() + ", " + text(times.milliseconds()) + " ms at " + rows + " rows" + others;
  }
}
