package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.BenchLoss;
import dev.temper.tools.bench.BenchPlan;
import dev.temper.tools.bench.BenchmarkCase;
import dev.temper.tools.bench.BenchmarkCase.Passes;
import dev.temper.tools.bench.GpuSuite;
import dev.temper.tools.bench.HeadShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options that select the measurements of {@code temper bench}: single shapes and losses, or a suite or parts of
 * it.
 */
final class BenchOptions {

  enum Suite {
    GPU
  }

  @Option(names = "--suite", paramLabel = "SUITE", converter = SuiteName.class,
      description = "Measure a whole suite instead of single losses: gpu is the grid that GPUs are judged by. The"
          + " options below then select from the suite or replace it, except for its losses. The suite uses"
          + " the default plans, not those of temper tune.")
  private @Nullable Suite suite;

  @Option(names = "--parts", split = ",", paramLabel = "PART", converter = PartName.class,
      description = "Parts of the suite: headline, launch, start, head, losses, temperatures, forward (default: all of"
          + " these, in this order) and plans.")
  private @Nullable List<String> parts;

  @Option(names = "--shapes", paramLabel = "ROWSxCLASSES,...",
      description = "Shapes of the logits (default: 4096x10,1024x1000,256x32000,64x128256, or the suite's).")
  private @Nullable String shapes;

  @Option(names = "--heads", paramLabel = "ROWSxFEATURESxCLASSES,...",
      description = "Sizes of the linear heads of the suite's part head, with FEATURES or STUDENT/TEACHER features"
          + " (default: the suite's, smaller ones with --quick, narrow ones over the shapes with --shapes).")
  private @Nullable String heads;

  @Option(names = "--dtype", split = ",", paramLabel = "DTYPE", converter = DTypeName.class,
      description = "Type of the logits: f32, bf16 or f16; several with commas (default: f32, or the suite's).")
  private @Nullable List<DType> dtypes;

  @Option(names = "--temperature", split = ",", paramLabel = "T",
      description = "Temperature; several with commas (default: 2, or the suite's).")
  private @Nullable List<Double> temperatures;

  @Option(names = "--passes", split = ",", paramLabel = "PASS", converter = PassName.class,
      description = "Passes to time: forward-backward, forward, or both with a comma (default: forward-backward, or"
          + " the suite's).")
  private @Nullable List<Passes> passes;

  @Mixin private BenchLossOptions losses;

  /** Whether a suite is measured. */
  boolean isSuite() {
    return suite != null;
  }

  /**
   * The plan.
   *
   * @param quick whether each part is reduced to a few cases that show that it works
   * @throws IllegalArgumentException if a value or a combination is wrong
   */
  BenchPlan plan(boolean quick) {
    return suite == null ? single() : suite(quick);
  }

  private BenchPlan suite(boolean quick) {
    if (losses.given()) {
      throw new IllegalArgumentException("--suite has losses of its own, expected neither --divergence nor"
          + " --objective; leave out --suite to choose them");
    }
    GpuSuite whole = GpuSuite.whole();
    List<BatchShape> given = shapes == null ? null : BatchShape.parseList(shapes);
    return new GpuSuite(or(given, whole.shapes()), or(dtypes, whole.dtypes()), or(temperatures, whole.temperatures()),
        or(passes, whole.passes()), heads(quick, given, whole), or(dtypes, whole.headDtypes()),
        or(given, whole.planShapes())).plan(or(parts, GpuSuite.JUDGING_PARTS), quick ? 0 : GpuSuite.PLAN_SECONDS);
  }

  private List<HeadShape> heads(boolean quick, @Nullable List<BatchShape> given, GpuSuite whole) {
    return heads != null ? HeadShape.parseList(heads)
        : given != null ? GpuSuite.narrow(given) : quick ? GpuSuite.QUICK_HEADS : whole.heads();
  }

  private BenchPlan single() {
    if (parts != null || heads != null) {
      throw new IllegalArgumentException((parts != null ? "--parts" : "--heads")
          + " belongs to a suite, expected --suite gpu with it");
    }
    LinkedHashSet<BenchmarkCase> cases = new LinkedHashSet<>();
    for (DType dtype : or(dtypes, List.of(DType.F32))) {
      for (BatchShape shape : shapes == null ? BatchShape.usual() : BatchShape.parseList(shapes)) {
        for (BenchLoss loss : losses.at(or(temperatures, List.of(GpuSuite.JUDGED_TEMPERATURE)))) {
          for (Passes pass : or(passes, List.of(Passes.FORWARD_BACKWARD))) {
            cases.add(BenchmarkCase.eager(loss, shape, dtype, pass));
          }
        }
      }
    }
    return new BenchPlan("bench", List.of(new BenchPlan.Losses("losses", new ArrayList<>(cases))));
  }

  private static <T> List<T> or(@Nullable List<T> given, List<T> otherwise) {
    return given == null ? otherwise : given;
  }

  /** Reads {@link Suite}. */
  static final class SuiteName implements ITypeConverter<Suite> {
    @Override
    public Suite convert(String text) {
      return LossOptions.choose("suite", text, Suite.values(), suite -> suite.name().toLowerCase(Locale.ROOT));
    }
  }

  /** Reads one of {@link GpuSuite#PARTS}. */
  static final class PartName implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      return LossOptions.choose("part", text, GpuSuite.PARTS.toArray(String[]::new), name -> name);
    }
  }

  /** Reads the {@link DType} of logits. */
  static final class DTypeName implements ITypeConverter<DType> {
    @Override
    public DType convert(String text) {
      DType[] floating = Arrays.stream(DType.values()).filter(DType::isFloating).toArray(DType[]::new);
      return LossOptions.choose("dtype", text, floating, dtype -> dtype.name().toLowerCase(Locale.ROOT));
    }
  }

  /** Reads {@link Passes}. */
  static final class PassName implements ITypeConverter<Passes> {
    @Override
    public Passes convert(String text) {
      return LossOptions.choose("pass", text, Passes.values(),
          pass -> pass.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }
  }
}
