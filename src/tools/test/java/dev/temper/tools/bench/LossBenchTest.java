package dev.temper.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.LossTotals;
import dev.temper.tools.bench.BenchLoss.Objective;
import dev.temper.tools.bench.BenchmarkCase.Passes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Tests benchmark plans, and their runs on an engine in host memory. */
final class LossBenchTest {

  private static final Repetition SHORT = new Repetition(0, 0, 3, 3);
  private static final BenchLoss DISTILLATION = new BenchLoss(Objective.BOTH, Divergence.forwardKl(), 2);

  /** Records the calls of the bench. */
  private static final class Notes implements LossBench.Observer {
    private final List<String> steps = new ArrayList<>();
    private final List<Integer> sizes = new ArrayList<>();

    @Override
    public void at(int done, int total, String next) {
      steps.add(done + "/" + total + " " + next);
    }

    @Override
    public void measured(ResultFile soFar) {
      sizes.add(soFar.entries().size());
    }
  }

  @Test
  void everyCaseBecomesAMeasurement() throws IOException {
    List<BenchmarkCase> cases = new ArrayList<>();
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      cases.add(BenchmarkCase.eager(DISTILLATION, new BatchShape(2, 10), dtype, Passes.FORWARD_BACKWARD));
      cases.add(BenchmarkCase.eager(BenchLoss.crossEntropy(), new BatchShape(2, 10), dtype, Passes.FORWARD));
    }
    Notes notes = new Notes();
    ResultFile result = run(cases, notes, () -> false);
    assertThat(result.unfinished()).isZero();
    assertThat(result.notes()).isEmpty();
    assertThat(result.copyGigabytesPerSecond()).isPositive();
    assertThat(result.entries()).hasSize(4).allSatisfy(entry -> assertThat(entry.time().samples()).isEqualTo(3));
    Measurement first = result.entries().getFirst();
    assertThat(first.key()).isEqualTo("TemperLoss.forwardBackward"
        + " {dtype=F32, launch=eager, loss=forward-kl+ce, shape=2x10, temperature=2.0}");
    assertThat(first.also("leastBytes")).as("student, teacher and gradient").isEqualTo(3 * 20 * 4);
    Measurement last = result.entries().getLast();
    assertThat(last.key()).isEqualTo("TemperLoss.forward {dtype=BF16, launch=eager, loss=ce, shape=2x10}");
    assertThat(last.also("leastBytes")).as("student alone").isEqualTo(20 * 2);
    assertThat(last.also("total")).isCloseTo(Math.log(10), within(3.0));
    assertThat(notes.steps).first().isEqualTo("0/5 copy rate");
    assertThat(notes.steps).last().isEqualTo("4/5 2x10 BF16 ce forward");
    assertThat(notes.sizes).as("a report after every measurement, and at the end").containsExactly(1, 2, 3, 4, 4);
  }

  @Test
  void aStoppedRunSaysWhatIsMissing() throws IOException {
    List<BenchmarkCase> cases = List.of(BenchmarkCase.eager(DISTILLATION, new BatchShape(2, 10), DType.F32,
        Passes.FORWARD_BACKWARD),
        BenchmarkCase.eager(DISTILLATION, new BatchShape(3, 10), DType.F32, Passes.FORWARD_BACKWARD));
    Notes notes = new Notes();
    ResultFile result = run(cases, notes, () -> !notes.sizes.isEmpty());
    assertThat(result.entries()).hasSize(1);
    assertThat(result.unfinished()).isEqualTo(1);
    ResultFile nothing = run(cases, new Notes(), () -> true);
    assertThat(nothing.entries()).isEmpty();
    assertThat(nothing.copyGigabytesPerSecond()).isNaN();
  }

  @Test
  void whatADeviceCannotDoIsANote() throws IOException {
    BenchmarkCase graph = BenchmarkCase.of(DISTILLATION, new BatchShape(2, 10), DType.F32, Passes.FORWARD_BACKWARD,
        BenchmarkCase.LaunchMode.GRAPH);
    ResultFile result = run(List.of(graph, graph), new Notes(), () -> false);
    assertThat(result.entries()).isEmpty();
    assertThat(result.unfinished()).as("nothing that could be measured is missing").isZero();
    assertThat(result.notes()).singleElement().asString().contains("no CUDA graphs");
  }

  @Test
  void aHeadIsTimedBesideItsProducts() throws IOException {
    HeadCase head = new HeadCase(DISTILLATION, HeadShape.parse("5x8/12x30"), DType.BF16);
    Notes notes = new Notes();
    try (LossEngine engine = LossEngine.open("reference")) {
      ResultFile result = new LossBench(new BenchPlan("gpu", List.of(new BenchPlan.Heads("head", List.of(head)))),
          SHORT).run(engine, notes, () -> false);
      assertThat(result.unfinished()).isZero();
      assertThat(result.notes()).singleElement().asString().contains("CUDA graph");
      assertThat(result.entries()).extracting(Measurement::key).containsExactly(
          "TemperHead.products {dtype=BF16, head=5x8/12x30}", "TemperHead.forwardBackward {dtype=BF16, "
              + "head=5x8/12x30, launch=eager, loss=forward-kl+ce, temperature=2.0}");
      Measurement measured = result.entries().getLast();
      assertThat(measured.also("operations")).isEqualTo(2 * 5 * 30 * (3 * 8 + 12));
      assertThat(measured.also("timesProducts"))
          .isEqualTo(measured.time().median() / result.entries().getFirst().time().median());
      assertThat(measured.also("workspaceBytes")).isPositive().isLessThanOrEqualTo(measured.also("workspaceLimit"));
      assertThat(measured.also("accumulatorBytes")).as("the gradient with respect to the weight is F32").isZero();
      assertThat(measured.also("total")).isBetween(1.0, 10.0);
    }
  }

  @Test
  void sizesOfHeadsAreRead() {
    assertThat(HeadShape.parseList("8x4x10,8x2/4x10")).containsExactly(new HeadShape(8, 4, 4, 10),
        new HeadShape(8, 2, 4, 10)).extracting(HeadShape::toString).containsExactly("8x4x10", "8x2/4x10");
    assertThatThrownBy(() -> HeadShape.parse("8x4")).hasMessageContaining("expected ROWSxFEATURESxCLASSES");
    assertThatThrownBy(() -> HeadShape.parse("8x0x10")).hasMessageContaining("at least 1 row, 1 feature and 1 class");
    assertThat(HiddenBatch.scale(4096)).isEqualTo(1 / 64f);
  }

  @Test
  void anEngineWithoutPlansIsANote() throws IOException {
    BenchmarkCase benchmarkCase = BenchmarkCase.eager(DISTILLATION, new BatchShape(2, 10), DType.F32,
        Passes.FORWARD_BACKWARD);
    try (LossEngine engine = LossEngine.open("reference")) {
      ResultFile result = new LossBench(new BenchPlan("gpu",
          List.of(new BenchPlan.Plans("plans", List.of(benchmarkCase), 0))), SHORT)
          .run(engine, new Notes(), () -> false);
      assertThat(result.entries()).isEmpty();
      assertThat(result.unfinished()).isZero();
      assertThat(result.notes()).singleElement().asString().endsWith("has no plans to choose from");
    }
  }

  /** A plan is timed only if its outputs equal those of the chosen plan. */
  @Test
  void differentOutputsAreFound() {
    LossTotals totals = LossTotals.of(1, 2, 0.5, 1, 1, 0);
    PlanOutputs chosen = new PlanOutputs(totals, List.of(new double[] {1, -1}));
    assertThat(new PlanOutputs(totals, List.of(new double[] {1 + 0x1p-9, -1})).differenceFrom(chosen, DType.BF16))
        .isEmpty();
    assertThat(new PlanOutputs(totals, List.of(new double[] {1 + 0x1p-9, -1})).differenceFrom(chosen, DType.F32))
        .startsWith("row 0 of 1 compared of its gradient is 0.0014 of its length away");
    assertThat(new PlanOutputs(totals, List.of(new double[] {Double.NaN, -1})).differenceFrom(chosen, DType.BF16))
        .contains("is NaN of its length");
    assertThat(new PlanOutputs(LossTotals.of(1.001, 2, 0.5, 1, 1, 0), chosen.gradient())
        .differenceFrom(chosen, DType.BF16)).contains("total=1.001");
    assertThat(new PlanOutputs(LossTotals.of(Double.NaN, 2, 0.5, 1, 1, 0), chosen.gradient())
        .differenceFrom(chosen, DType.BF16)).contains("total=NaN");
    assertThat(new PlanOutputs(LossTotals.of(1, 2, 0.5, 1, 0, 0), chosen.gradient())
        .differenceFrom(chosen, DType.BF16)).contains("countedRows=0");
  }

  @Test
  void theSuiteHoldsTheWholeGridOnce() {
    BenchPlan plan = GpuSuite.whole().plan(GpuSuite.JUDGING_PARTS, 0);
    List<BenchmarkCase> cases = plan.parts().stream().filter(BenchPlan.Losses.class::isInstance)
        .map(BenchPlan.Losses.class::cast)
        .flatMap(part -> part.cases().stream()).toList();
    assertThat(new HashSet<>(cases)).hasSameSizeAs(cases);
    int batches = 7 * 3;
    int losses = 1 + 3 * 4;
    assertThat(cases).as("every loss and T, with and without gradient, and the headline as graphs")
        .hasSize(batches * (2 * losses + 1));
    assertThat(plan.size()).isEqualTo(cases.size() + 4 + 6 + 3 * 3);
    assertThat(cases).anySatisfy(benchmarkCase -> assertThat(benchmarkCase)
        .hasToString("2048x262144 F16 jsd:0.5 T 3.0 forward"));
    assertThat(GpuSuite.compared()).allSatisfy(loss -> assertThat(cases).contains(
        BenchmarkCase.eager(loss, new BatchShape(65_536, 10), DType.BF16, Passes.FORWARD_BACKWARD)));
  }

  @Test
  void clocksAreMediansOfTheReadings() {
    ClockReadings readings = new ClockReadings();
    List.of("345, 3201, 30, 80.5", "1980, 3201, 45, [N/A]", "1980, 3201, 50, 612.3", "").forEach(readings::add);
    assertThat(readings.medians()).containsEntry("smMegahertz", 1980.0).containsEntry("watts", (80.5 + 612.3) / 2);
    assertThat(new ClockReadings().medians()).isEmpty();
  }

  private static ResultFile run(List<BenchmarkCase> cases, Notes notes, BooleanSupplier stop) throws IOException {
    try (LossEngine engine = LossEngine.open("reference")) {
      return new LossBench(new BenchPlan("bench", List.of(new BenchPlan.Losses("losses", cases))), SHORT)
          .run(engine, notes, stop);
    }
  }
}
