package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.IgnoreScope;
import dev.temper.Reduction;
import dev.temper.SoftValue;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;

/** The values of each parameter of the pairwise cases, as changes of a case. */
final class FamilyChoices {

  /** A change of a case. */
  interface Change extends UnaryOperator<CaseBuilder> {}

  static final List<String> DIVERGENCES = List.of("forward-kl", "reverse-kl", "mixed:0.3", "mixed:0.0", "mixed:1.0",
      "jsd:0.5", "jsd:1.0E-6", "jsd:0.1", "jsd:0.9", "jsd:0.999999", "skew-forward-kl:0.0", "skew-forward-kl:1.0E-6",
      "skew-forward-kl:0.1", "skew-forward-kl:0.9", "skew-forward-kl:0.999999", "skew-reverse-kl:0.0",
      "skew-reverse-kl:1.0E-6", "skew-reverse-kl:0.1", "skew-reverse-kl:0.9", "skew-reverse-kl:0.999999", "tvd", "nla",
      "dkd:1.0,8.0", "dkd:0.0,1.0", "logit-mse");

  static final List<Content> CONTENTS = List.of(Content.NORMAL, Content.NEARLY_EQUAL, Content.EQUAL, Content.ABSENT,
      Content.TEACHER_ABSENT, Content.STUDENT_ABSENT, Content.LOWEST, Content.SATURATED, Content.SHARP, Content.SHIFTED,
      Content.TIES, Content.NON_FINITE, Content.NON_FINITE_WHERE_UNUSED);

  static final List<Change> CLASSES = List.of(c -> c.classes(1), c -> c.classes(2), c -> c.classes(3),
      c -> c.classes(10), c -> c.classes(17), c -> c.classes(33), c -> c.classes(100), c -> c.classes(259),
      c -> c.classes(1000), c -> c.classes(1025));

  static final List<Change> DTYPES = List.of(dtypes(DType.F32, DType.F32, DType.F32),
      dtypes(DType.BF16, DType.BF16, DType.BF16), dtypes(DType.F16, DType.F16, DType.F16),
      dtypes(DType.BF16, DType.F32, DType.F32), dtypes(DType.F16, DType.BF16, DType.F32),
      dtypes(DType.F32, DType.F16, DType.F32));

  static final List<Change> TEMPERATURES = List.of(c -> c, loss(b -> b.temperature(2)), loss(b -> b.temperature(3)),
      loss(b -> b.temperature(0.5)), loss(b -> b.temperature(10)), loss(b -> b.temperature(1e-6)),
      loss(b -> b.temperature(1e6)), c -> c.options(RowOptions::withTemperatures),
      loss(b -> b.temperature(2).teacherTemperature(1.5)), loss(b -> b.temperature(3).temperatureScaling(false)));

  static final List<Change> LOGITS = List.of(c -> c, c -> c, loss(b -> b.softcap(5)), loss(b -> b.teacherSoftcap(30)),
      loss(b -> b.softcap(30).teacherSoftcap(5)), loss(b -> b.standardise(true)));

  static final List<Change> HARD = List.of(loss(b -> b.hardWeight(0)), loss(b -> b.hardWeight(0.3)),
      loss(b -> b.hardWeight(0.5).labelSmoothing(0.1)), loss(b -> b.hardWeight(0.5).zLoss(1e-2)),
      loss(b -> b.hardWeight(1).labelSmoothing(0.2).zLoss(0.1)), loss(b -> b.softWeight(0).hardWeight(1).zLoss(1e-3)));

  static final List<Change> LABELS = List.of(c -> c, given(o -> o.withLabels(0)), given(o -> o.withLabels(0.3)),
      c -> c.loss(b -> b.ignoreScope(IgnoreScope.HARD)).options(o -> o.withLabels(0.4)), given(o -> o.withLabels(1)));

  static final List<Change> WEIGHTS = List.of(c -> c, given(RowOptions::withWeights), with(Given.NEGATIVE_WEIGHTS));

  static final List<Change> REDUCTIONS = List.of(c -> c, loss(b -> b.reduction(Reduction.SUM)),
      loss(b -> b.reduction(Reduction.NONE)), loss(b -> b.reduction(Reduction.BATCH_MEAN)),
      given(o -> o.withDenominator(123.5)),
      given(o -> o.withDenominators(OptionalDouble.of(77), OptionalDouble.of(13))),
      given(o -> o.withDenominators(OptionalDouble.empty(), OptionalDouble.of(19))),
      given(o -> o.withDenominators(OptionalDouble.of(77), OptionalDouble.of(13)).with(Given.DENOMINATORS_IN_MEMORY)));

  static final List<Change> GRADIENTS = List.of(c -> c, with(Given.ADDED), given(o -> o.withInPlace(true)),
      c -> c.method(EngineMethod.FORWARD), c -> c.method(EngineMethod.BACKWARD),
      given(o -> o.withGradientScale(-8)), given(o -> o.with(Given.ADDED).withGradientScale(4)));

  static final List<Change> LAYOUTS = List.of(c -> c, with(Given.REPEATED_STUDENT), with(Given.REPEATED_TEACHER),
      c -> c.layout(l -> l.placed(3, 1, 0, true)), c -> c.layout(l -> l.placed(0, 3, 1, false)), c -> c.padded(5, 3),
      c -> c.padded(0, 8));

  static final List<Change> OUTPUTS = List.of(c -> c, with(Given.ROW_OUTPUTS), with(Given.TEMPERATURE_GRADIENT),
      loss(b -> b.softValue(SoftValue.CROSS_ENTROPY)));

  private FamilyChoices() {}

  /** Whether the options of a case exclude each other. */
  static boolean isExcluded(Case c) {
    DistillationLoss loss = c.loss();
    RowOptions options = c.options();
    boolean forward = loss.divergence() instanceof Divergence.ForwardKl;
    boolean twoTemperatures = options.temperatures() && loss.teacherTemperature().isPresent();
    boolean noTemperatureGradient = options.has(Given.TEMPERATURE_GRADIENT)
        && (!forward || loss.softWeight() == 0 || c.method() == EngineMethod.BACKWARD || options.temperatures());
    boolean withoutLabels = loss.divergence() instanceof Divergence.Dkd && loss.softWeight() > 0 && !options.labels();
    boolean notInPlace = options.inPlace()
        && (options.has(Given.REPEATED_STUDENT) || c.layout().student() != c.layout().gradient());
    return overflows(c) || isRounding(loss) || twoTemperatures || noTemperatureGradient || withoutLabels || notInPlace;
  }

  /** Whether a sum over logits or their squares overflows f32, because a logit is the lowest number of a dtype. */
  private static boolean overflows(Case c) {
    DistillationLoss loss = c.loss();
    boolean apart = c.layout().student() != c.layout().teacher()
        || loss.softcap().isPresent() != loss.teacherSoftcap().isPresent();
    boolean differences = loss.softWeight() > 0 && apart && (loss.divergence() instanceof Divergence.LogitMse
        || loss.softcap().isPresent() || loss.teacherSoftcap().isPresent());
    return c.content() == Content.LOWEST && (loss.standardise() || loss.labelSmoothing() > 0 || differences);
  }

  /** Whether the rounding of capped or standardised logits, divided by the temperature, is above 1. */
  private static boolean isRounding(DistillationLoss loss) {
    return loss.temperature() < 1e-3
        && (loss.softcap().isPresent() || loss.teacherSoftcap().isPresent() || loss.standardise());
  }

  private static Change dtypes(DType student, DType teacher, DType gradient) {
    return c -> c.layout(l -> l.dtypes(student, teacher, gradient));
  }

  private static Change loss(UnaryOperator<DistillationLoss.Builder> change) {
    return c -> c.loss(change);
  }

  private static Change given(UnaryOperator<RowOptions> change) {
    return c -> c.options(change);
  }

  private static Change with(Given option) {
    return given(o -> o.with(option));
  }
}
