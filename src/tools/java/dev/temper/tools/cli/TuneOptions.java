package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.BenchLoss;
import dev.temper.tools.bench.BenchPlan;
import dev.temper.tools.bench.BenchmarkCase;
import dev.temper.tools.bench.BenchmarkCase.Passes;
import dev.temper.tools.files.PlainNumber;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that select which losses {@code temper tune} measures. */
final class TuneOptions {

  @Option(names = "--shapes", required = true, paramLabel = "ROWSxCLASSES,...",
      description = "Shapes of the logits, such as 8192x32000. A plan belongs to the classes, whatever the rows: name"
          + " each number of classes once, with the rows of a usual batch.")
  private String shapes;

  @Option(names = "--dtype", split = ",", paramLabel = "DTYPE", converter = BenchOptions.DTypeName.class,
      defaultValue = "bf16",
      description = "Type of the logits: f32, bf16 or f16; several with commas (default: ${DEFAULT-VALUE}).")
  private List<DType> dtypes;

  @Mixin private BenchLossOptions losses;

  @Option(names = "--temperature", paramLabel = "T", defaultValue = "2",
      description = "Temperature at which plans are timed; they are used at all others too (default:"
          + " ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(names = "--limit", paramLabel = "SECONDS", defaultValue = "60",
      description = "Time limit for the plans of one shape, dtype and loss. The plans most similar to the default one"
          + " come first; the default plan and one other are timed in any case (default: ${DEFAULT-VALUE}).")
  private double limit;

  /**
   * The measurements.
   *
   * @throws IllegalArgumentException if a value is wrong, or two cases would have the same tuned plan
   */
  BenchPlan plan() {
    if (!(limit > 0)) {
      throw new IllegalArgumentException("--limit is " + PlainNumber.of(limit) + ", expected seconds above 0");
    }
    List<BatchShape> given = BatchShape.parseList(shapes);
    requireDifferent(given, BatchShape::classes, "--shapes", "the same classes");
    requireDifferent(dtypes, dtype -> dtype, "--dtype", "the same dtype");
    List<BenchLoss> chosen = losses.at(List.of(temperature));
    requireDifferent(chosen, TuneOptions::kernels, "--divergence", "the same kernels", BenchLoss::label);
    List<BenchmarkCase> cases = dtypes.stream().flatMap(dtype -> given.stream().flatMap(shape -> chosen.stream()
        .map(loss -> BenchmarkCase.eager(loss, shape, dtype, Passes.FORWARD_BACKWARD)))).toList();
    return new BenchPlan("tune", List.of(new BenchPlan.Plans("plans", cases, limit)));
  }

  /** The sum of the time limits of all cases. */
  double seconds(BenchPlan plan) {
    return limit * plan.size();
  }

  /**
   * Returns a key that is equal for losses with the same kernels. The parameter of a divergence is not part of the key.
   */
  private static List<Object> kernels(BenchLoss loss) {
    return List.of(loss.objective(), loss.readsTeacher() ? DivergencePolicy.of(loss.divergence()).name() : "");
  }

  private static <T> void requireDifferent(List<T> values, Function<T, Object> key, String option, String common) {
    requireDifferent(values, key, option, common, String::valueOf);
  }

  private static <T> void requireDifferent(List<T> values, Function<T, Object> key, String option, String common,
      Function<T, String> name) {
    Map<Object, T> seen = new HashMap<>();
    for (T value : values) {
      T other = seen.put(key.apply(value), value);
      if (other != null) {
        throw new IllegalArgumentException(option + " has " + name.apply(other) + " and " + name.apply(value) + " with "
            + common + ", which have one plan; name one of them");
      }
    }
  }
}
