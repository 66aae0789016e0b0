package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.Reduction;
import dev.temper.internal.Names;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Mixin of verbs that take a loss: one option for each part of {@link DistillationLoss}. */
final class LossOptions {

  /** Options that the API's messages call by its own names. */
  private static final Pattern API_NAMES = Pattern.compile("\\b(teacherTemperature|softWeight|hardWeight|labelSmoothing"
      + "|ignoreIndex|numClasses|temperatureScaling|gradientScale)\\b");

  @Option(names = "--divergence", paramLabel = "D", converter = DivergenceName.class, defaultValue = "forward-kl",
      description = "forward-kl, reverse-kl, mixed:L, jsd:B, skew-forward-kl:A, skew-reverse-kl:A, tvd or logit-mse"
          + " (default: ${DEFAULT-VALUE}).")
  private Divergence divergence;

  @Option(names = "--temperature", paramLabel = "T", defaultValue = "1",
      description = "Temperature of student and teacher in the soft part (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(names = "--teacher-temperature", paramLabel = "T", description = "The teacher's own temperature (default: the student's).")
  private @Nullable Double teacherTemperature;

  @Option(names = "--no-temperature-scaling", description = "Leave the factor T^2 out of the soft part.")
  private boolean noTemperatureScaling;

  @Option(names = "--soft-weight", paramLabel = "W", defaultValue = "1",
      description = "Weight of the divergence from the teacher (default: ${DEFAULT-VALUE}).")
  private double softWeight;

  @Option(names = "--hard-weight", paramLabel = "W", defaultValue = "0",
      description = "Weight of the cross-entropy against the labels, at T = 1 (default: ${DEFAULT-VALUE}).")
  private double hardWeight;

  @Option(names = "--label-smoothing", paramLabel = "E", defaultValue = "0",
      description = "Share of the label spread over all classes (default: ${DEFAULT-VALUE}).")
  private double labelSmoothing;

  @Option(names = "--softcap", paramLabel = "C", description = "Replace the student's logits z by C tanh(z/C).")
  private @Nullable Double softcap;

  @Option(names = "--ignore-index", paramLabel = "N", defaultValue = "-100",
      description = "Label of rows that contribute nothing (default: ${DEFAULT-VALUE}).")
  private long ignoreIndex;

  @Option(names = "--num-classes", paramLabel = "N", description = "Real number of classes where tensors are padded.")
  private @Nullable Integer numClasses;

  @Option(names = "--reduction", paramLabel = "R", converter = ReductionName.class, defaultValue = "mean",
      description = "none, sum, mean (over counted rows) or batch-mean (over all rows) (default: ${DEFAULT-VALUE}).")
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
        .ignoreIndex(ignoreIndex)
        .reduction(reduction);
    if (teacherTemperature != null) {
      loss.teacherTemperature(teacherTemperature);
    }
    if (softcap != null) {
      loss.softcap(softcap);
    }
    if (numClasses != null) {
      loss.numClasses(numClasses);
    }
    return loss.build();
  }

  /** A message of the API in the words of the command line: {@code --num-classes} for {@code numClasses}. */
  static IllegalArgumentException inOptions(IllegalArgumentException e) {
    Matcher names = API_NAMES.matcher(String.valueOf(e.getMessage()));
    return new IllegalArgumentException(
        names.replaceAll(found -> "--" + found.group().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT)), e);
  }

  /** Reads {@link Divergence#parse}. */
  static final class DivergenceName implements ITypeConverter<Divergence> {
    @Override
    public Divergence convert(String text) {
      try {
        return Divergence.parse(text);
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

  /** The value of that name; any other name is answered with the known ones. */
  static <E> E choose(String kind, String text, E[] values, Function<E, String> name) {
    List<String> known = Arrays.stream(values).map(name).toList();
    return Arrays.stream(values).filter(value -> name.apply(value).equals(text.toLowerCase(Locale.ROOT))).findFirst()
        .orElseThrow(() -> new TypeConversionException(
            "unknown " + kind + " '" + text + "'" + Names.suggestion(text, known) + "; known: " + String.join(", ", known)));
  }
}
