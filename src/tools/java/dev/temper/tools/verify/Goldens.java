package dev.temper.tools.verify;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import java.util.List;
import java.util.Objects;

/**
 * Totals that another program computed with 30 digits.
 *
 * @param name name of the case in its group
 * @param loss the loss
 * @param content content of the logits
 * @param total the expected total
 * @param digits absolute error of the total as written, plus that of logits rounded to f32
 */
record Goldens(String name, DistillationLoss loss, Content content, double total, double digits) {

  private static final double EXACT = 1e-14;
  private static final double SEVEN_DIGITS = 1e-7;
  /** Error of the totals from logits rounded to f32: log 9 is off by up to 2^-23, and no derivative here exceeds 2. */
  private static final double ROUNDED_LOGITS = 0x1p-22;

  private static final List<Goldens> ALL = List.of(
      new Goldens("a-cross-entropy", DistillationLoss.builder().softWeight(0).hardWeight(1).build(), Content.GOLDEN_A,
          1.40760596444438, EXACT), forwardKl(1, 0.410667193509093),
      forwardKl(2, 0.399484787456158),
      forwardKl(4, 0.383443716947531),
      forwardKl(10, 0.370725940424603),
      new Goldens("a-reverse-kl-T4", soft(Divergence.reverseKl(), 4), Content.GOLDEN_A, 0.395115495755633, EXACT),
      new Goldens("a-jsd-T4", soft(Divergence.jensenShannon(0.5), 4), Content.GOLDEN_A, 0.0970563142126428, EXACT),
      new Goldens("a-soft-0.3", DistillationLoss.hinton(4, 0.3), Content.GOLDEN_A, 1.1003573, SEVEN_DIGITS),
      new Goldens("a-soft-0.7", DistillationLoss.hinton(4, 0.7), Content.GOLDEN_A, 0.6906924, SEVEN_DIGITS),
      new Goldens("b-forward-kl", soft(Divergence.forwardKl(), 1), Content.GOLDEN_B, 1.757779661869, ROUNDED_LOGITS),
      new Goldens("b-jsd-0.5", soft(Divergence.jensenShannon(0.5), 1), Content.GOLDEN_B, 0.368064207169,
          ROUNDED_LOGITS),
      new Goldens("b-jsd-0.1", soft(Divergence.jensenShannon(0.1), 1), Content.GOLDEN_B, 0.146310513419,
          ROUNDED_LOGITS),
      new Goldens("b-jsd-0.9", soft(Divergence.jensenShannon(0.9), 1), Content.GOLDEN_B, 0.146310513419,
          ROUNDED_LOGITS),
      new Goldens("d-T1e6", soft(Divergence.forwardKl(), 1e6), Content.GOLDEN_A, 0.3611112, SEVEN_DIGITS));

  static void add(List<Case> cases) {
    for (Goldens golden : ALL) {
      int classes = golden.content == Content.GOLDEN_A ? 3 : 2;
      CaseBuilder.of(CaseGroup.GOLDENS).check(Check.GOLDEN).classes(classes).layout(l -> l.rows(1)).loss(golden.loss)
          .content(golden.content).add(cases, golden.name);
    }
  }

  /** Compares the total with the golden, and all results with the reference. */
  static void check(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Goldens golden = ALL.stream().filter(g -> c.name().endsWith("/" + g.name)).findFirst().orElseThrow();
    Observed observed = OracleCheck.observe(engine, c, data, comparison);
    Expected expected = Oracle.of(c, data);
    expected.compare(observed, c.layout(), comparison);
    double bound = golden.digits + expected.softBound() + expected.hardBound();
    comparison.within("total", Objects.requireNonNull(observed.totals()).total(), golden.total, bound);
  }

  private static Goldens forwardKl(int temperature, double total) {
    return new Goldens("a-forward-kl-T" + temperature, soft(Divergence.forwardKl(), temperature), Content.GOLDEN_A,
        total, EXACT);
  }

  private static DistillationLoss soft(Divergence divergence, double temperature) {
    return DistillationLoss.builder().divergence(divergence).temperature(temperature).build();
  }
}
