package dev.temper.tools.verify;

import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The page docs/accuracy.md: the summaries of a verification as a table. */
public final class AccuracyPage {

  private static final String BEFORE = """
      # Accuracy

      The errors of each divergence against the f64 reference: the soft part alone, random logits of sigma 3 that are
      exact in the dtype, 10 to 4,097 classes, T = 1, 2 and 4. Student, teacher and gradient have the same dtype; the
      value is f32. This command makes the page:

          ./temper verify --device cpu --full --only accuracy --accuracy docs/accuracy.md

      - **error / bound** of a row's value and of an element of the gradient: the one nearest its bound, which every
        element has for itself. `temper verify --explain` prints the formulas of the bounds. A bound includes the
        rounding to the dtype; in bf16 and f16 that is nearly all of it.
      - **ulp**: the distance of every element of the gradient from the reference, in units in the last place of the
        dtype at the expected value (below the smallest normal number, and at 0: in steps of the subnormal numbers).
        0.5 is the nearest number. A gradient is a difference of probabilities, so an element near 0 has lost the
        digits in which they agree; the largest distances come from such elements, and their absolute errors are
        within the bounds. In skew-reverse-kl:0.999999 every element is such a difference of order (1 - a)^2, of which
        one or two digits remain.

      The numbers differ between instruction sets and devices; the rows of a device are the divergences that it
      computes.
      """;

  private static final String HEADER = """
      | divergence | dtype | value: error / bound | gradient: error / bound | ulp: mean | 99 % | worst |
      |---|---|---|---|---|---|---|
      """;

  private AccuracyPage() {}

  /**
   * Returns the text of the page.
   *
   * @throws IllegalArgumentException if no case measured its accuracy
   */
  public static String of(VerificationDocument document) {
    List<AccuracySummary> rows = document.accuracy();
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("no case of the group accuracy passed or failed; it belongs to --full");
    }
    Formatter text = new Formatter(new StringBuilder(BEFORE), Locale.ROOT);
    text.format("These numbers are of %s, seed %d, commit %s.%n%n%s", document.description(), document.seed(),
        document.commit(), HEADER);
    for (AccuracySummary row : rows) {
      text.format("| %s | %s | %s / %s | %s / %s | %s | %s | %s |%n", row.divergence(), row.dtype(),
          number(row.valueError()), number(row.valueBound()), number(row.gradientError()),
          number(row.gradientBound()), ulps(row.meanUlp()), ulps(row.p99Ulp()), ulps(row.worstUlp()));
    }
    return text.toString();
  }

  private static String number(@Nullable Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.1e", value);
  }

  private static String ulps(double value) {
    return String.format(Locale.ROOT, value < 1000 ? "%.3g" : "%.1e", value);
  }
}
