package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.IgnoreScope;
import dev.temper.LossArgumentException;
import dev.temper.Reduction;
import dev.temper.SoftValue;
import dev.temper.internal.Names;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options of the verbs that compute a given loss, one for each option of {@link DistillationLoss}. */
final class LossOptions {

  @Option(names = "--divergence", paramLabel = "D", converter = DivergenceName.class, defaultValue = "forward-kl",
      description = "Distance from the teacher: forward-kl, reverse-kl, mixed:L, jsd:B, skew-forward-kl:A,"
          + " skew-reverse-kl:A, tvd, nla (negative log-acceptance), logit-mse or dkd:A,B (default:"
          + " ${DEFAULT-VALUE}).")
  private Divergence divergence;

  @Option(names = "--temperature", paramLabel = "T", defaultValue = "1",
      description = "Temperature T of student and teacher in the soft part; 1 is the plain softmax (default:"
          + " ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(names = "--teacher-temperature", paramLabel = "T",
      description = "Another temperature for the teacher (default: the same as the student's).")
  private @Nullable Double teacherTemperature;

  @Option(names = "--no-temperature-scaling",
      description = "Leave the factor T^2 out of the soft part, in its value and its gradient.")
  private boolean noTemperatureScaling;

  @Option(names = "--soft-weight", paramLabel = "W", defaultValue = "1",
      description = "Weight of the divergence from the teacher (default: ${DEFAULT-VALUE}).")
  private double softWeight;

  @Option(names = "--hard-weight", paramLabel = "W", defaultValue = "0",
      description = "Weight of the cross-entropy against the labels, at T = 1 (default: ${DEFAULT-VALUE}).")
  private double hardWeight;

  @Option(names = "--label-smoothing", paramLabel = "E", defaultValue = "0",
      description = "Share of the label that is spread over all classes (default: ${DEFAULT-VALUE}).")
  private double labelSmoothing;

  @Option(names = "--z-loss", paramLabel = "W", defaultValue = "0",
      description = "Add W lse(z)^2 to the cross-entropy of each row (default: ${DEFAULT-VALUE}).")
  private double zLoss;

  @Option(names = "--softcap", paramLabel = "C", description = "Replace the student's logits z by C tanh(z/C).")
  private @Nullable Double softcap;

  @Option(names = "--teacher-softcap", paramLabel = "C",
      description = "Replace the teacher's logits u by C tanh(u/C).")
  private @Nullable Double teacherSoftcap;

  @Option(names = "--standardise",
      description = "Standardise the logits of each row in the soft part: (x - mean)/(sd + 1e-7), then divide by T.")
  private boolean standardise;

  @Option(names = "--soft-value", paramLabel = "V", converter = SoftValueName.class, defaultValue = "kl",
      description = "Value of a forward KL: kl, or cross-entropy against the teacher, which has the same gradient"
          + " (default: ${DEFAULT-VALUE}).")
  private SoftValue softValue;

  @Option(names = "--ignore-index", paramLabel = "N", defaultValue = "-100",
      description = "Label that marks rows to leave out (default: ${DEFAULT-VALUE}).")
  private long ignoreIndex;

  @Option(names = "--ignore-scope", paramLabel = "S", converter = IgnoreScopeName.class, defaultValue = "both",
      description = "Parts that exclude such a row: both, or hard for the cross-entropy alone (default:"
          + " ${DEFAULT-VALUE}).")
  private IgnoreScope ignoreScope;

  @Option(names = "--num-classes", paramLabel = "N",
      description = "Number of classes, if the tensors have more columns (default: their width).")
  private @Nullable Integer numClasses;

  @Option(names = "--reduction", paramLabel = "R", converter = ReductionName.class, defaultValue = "mean",
      description = "How the rows become one number: none, sum, mean (divides by the counted rows) or batch-mean"
          + " (divides by all rows); weights never change the divisor (default: ${DEFAULT-VALUE}).")
  private Reduction reduction;

  /**
   * The loss.
   *
   * @throws IllegalArgumentException if a value is out of range
   */
  DistillationLoss loss() {
    DistillationLoss.Builder loss = DistillationLoss.builder()
        .divergence(divergence)
        .temperature(temperature)
        .temperatureScaling(!noTemperatureScaling)
        .softWeight(softWeight)
        .hardWeight(hardWeight)
        .labelSmoothing(labelSmoothing)
        .zLoss(zLoss)
        .standardise(standardise)
        .softValue(softValue)
        .ignoreIndex(ignoreIndex)
        .ignoreScope(ignoreScope)
        .reduction(reduction);
    if (teacherTemperature != null) {
      loss.teacherTemperature(teacherTemperature);
    }
    if (softcap != null) {
      loss.softcap(softcap);
    }
    if (teacherSoftcap != null) {
      loss.teacherSoftcap(teacherSoftcap);
    }
    if (numClasses != null) {
      loss.numClasses(numClasses);
    }
    return loss.build();
  }

  /** Returns a sentence for each option of the cross-entropy that has no effect, because its weight is 0. */
  List<String> withoutEffect() {
    if (hardWeight != 0) {
      return List.of();
    }
    return Stream.of(labelSmoothing == 0 ? "" : "--label-smoothing", zLoss == 0 ? "" : "--z-loss")
        .filter(option -> !option.isEmpty())
        .map(option -> option + " has no effect, because --hard-weight is 0").toList();
  }

  /** Reads {@link Divergence#parse}. */
  static final class DivergenceName implements ITypeConverter<Divergence> {
    @Override
    public Divergence convert(String text) {
      String meant = ForeignNames.ofDivergence(text);
      if (!meant.isEmpty()) {
        throw new TypeConversionException("unknown divergence '" + text + "' (did you mean '" + meant + "'?)");
      }
      try {
        return Divergence.parse(text);
      } catch (LossArgumentException e) {
        throw new TypeConversionException(OptionNames.text(e));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** Reads {@link Reduction#label()}. */
  static final class ReductionName implements ITypeConverter<Reduction> {
    @Override
    public Reduction convert(String text) {
      return choose("reduction", text, Reduction.values(), Reduction::label);
    }
  }

  /** Reads {@link IgnoreScope#label()}. */
  static final class IgnoreScopeName implements ITypeConverter<IgnoreScope> {
    @Override
    public IgnoreScope convert(String text) {
      return choose("scope", text, IgnoreScope.values(), IgnoreScope::label);
    }
  }

  /** Reads {@link SoftValue#label()}. */
  static final class SoftValueName implements ITypeConverter<SoftValue> {
    @Override
    public SoftValue convert(String text) {
      return choose("value", text, SoftValue.values(), SoftValue::label);
    }
  }

  /**
   * Returns the value of a name.
   *
   * @throws TypeConversionException if no value has that name; the message lists the known names
   */
  static <E> E choose(String kind, String text, E[] values, Function<E, String> name) {
    List<String> known = Arrays.stream(values).map(name).toList();
    return Arrays.stream(values).filter(value -> name.apply(value).equals(text.toLowerCase(Locale.ROOT))).findFirst()
        .orElseThrow(() -> new TypeConversionException(
            "unknown " + kind + " '" + text + "'" + Names.suggestion(text, known) + "; known: "
                + String.join(", ", known)));
  }
}
