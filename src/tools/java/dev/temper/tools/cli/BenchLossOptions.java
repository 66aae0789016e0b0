package dev.temper.tools.cli;

import dev.temper.Divergence;
import dev.temper.tools.bench.BenchLoss;
import dev.temper.tools.bench.BenchLoss.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** Options of the verbs that time losses, which select the losses. */
final class BenchLossOptions {

  /** A comma splits only before a letter, because the two weights of dkd have a comma between them. */
  @Option(names = "--divergence", split = ",(?=[A-Za-z])", paramLabel = "D",
      converter = LossOptions.DivergenceName.class,
      description = "Distance from the teacher, as for temper loss; several with commas (default: forward-kl).")
  private @Nullable List<Divergence> divergences;

  @Option(names = "--objective", split = ",", paramLabel = "O", converter = ObjectiveName.class,
      description = "Parts of the loss: both (half divergence, half cross-entropy), soft (divergence alone) or hard"
          + " (cross-entropy alone); several with commas (default: both).")
  private @Nullable List<Objective> objectives;

  /** Whether any of the options was given. */
  boolean given() {
    return divergences != null || objectives != null;
  }

  /**
   * The losses; those with a soft part at each temperature.
   *
   * @throws IllegalArgumentException if divergences were given, but no loss has a soft part
   */
  List<BenchLoss> at(List<Double> temperatures) {
    if (divergences != null && objectives != null && objectives.stream().allMatch(o -> o == Objective.HARD)) {
      throw new IllegalArgumentException("--divergence is " + divergences.stream().map(Divergence::label)
          .collect(Collectors.joining(",")) + ", but --objective hard computes no divergence; leave one of them out");
    }
    List<BenchLoss> losses = new ArrayList<>();
    for (Objective objective : objectives == null ? List.of(Objective.BOTH) : objectives) {
      if (objective == Objective.HARD) {
        losses.add(BenchLoss.crossEntropy());
        continue;
      }
      for (Divergence divergence : divergences == null ? List.of(Divergence.forwardKl()) : divergences) {
        temperatures.forEach(t -> losses.add(new BenchLoss(objective, divergence, t)));
      }
    }
    return losses;
  }

  /** Reads {@link Objective}. */
  static final class ObjectiveName implements ITypeConverter<Objective> {
    @Override
    public Objective convert(String text) {
      return LossOptions.choose("objective", text, Objective.values(),
          objective -> objective.name().toLowerCase(Locale.ROOT));
    }
  }
}
