package dev.temper.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.LossTotals;
import dev.temper.tools.bench.BenchLoss.Objective;
import dev.temper.tools.bench.Work.Pass;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Plans, and running them on an engine in host memory. */
final class LossBenchTest {

  private static final Repetition SHORT = new Repetition(0, 0, 3, 3);
  private static final BenchLoss DISTILLATION = new BenchLoss(Objective.BOTH, Divergence.forwardKl(), 2);

  /** Writes down what it is told. */
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
  void everyWorkBecomesAnEntry() throws IOException {
    List<Work> works = new ArrayList<>();
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      works.add(Work.eager(DISTILLATION, new BatchShape(2, 10), dtype, Pass.FORWARD_BACKWARD));
      works.add(Work.eager(BenchLoss.crossEntropy(), new BatchShape(2, 10), dtype, Pass.FORWARD));
    }
    Notes notes = new Notes();
    ResultFile result = run(works, notes, () -> false);
    assertThat(result.unfinished()).isZero();
    assertThat(result.notes()).isEmpty();
    assertThat(result.copyGigabytesPerSecond()).isPositive();
    assertThat(result.entries()).hasSize(4).allSatisfy(entry -> assertThat(entry.time().samples()).isEqualTo(3));
    Entry first = result.entries().getFirst();
    assertThat(first.key()).isEqualTo("TemperLoss.forwardBackward {dtype=F32, launch=eager, loss=forward-kl+ce, shape=2x10, temperature=2.0}");
    assertThat(first.also("leastBytes")).as("student, teacher and gradient").isEqualTo(3 * 20 * 4);
    Entry last = result.entries().getLast();
    assertThat(last.key()).isEqualTo("TemperLoss.forward {dtype=BF16, launch=eager, loss=ce, shape=2x10}");
    assertThat(last.also("leastBytes")).as("student alone").isEqualTo(20 * 2);
    assertThat(last.also("total")).isCloseTo(Math.log(10), within(3.0));
    assertThat(notes.steps).first().isEqualTo("0/5 copy rate");
    assertThat(notes.steps).last().isEqualTo("4/5 2x10 BF16 ce forward");
    assertThat(notes.sizes).as("told after every entry, and at the end").containsExactly(1, 2, 3, 4, 4);
  }

  @Test
  void aStoppedRunSaysWhatIsMissing() throws IOException {
    List<Work> works = List.of(Work.eager(DISTILLATION, new BatchShape(2, 10), DType.F32, Pass.FORWARD_BACKWARD),
        Work.eager(DISTILLATION, new BatchShape(3, 10), DType.F32, Pass.FORWARD_BACKWARD));
    Notes notes = new Notes();
    ResultFile result = run(works, notes, () -> !notes.sizes.isEmpty());
    assertThat(result.entries()).hasSize(1);
    assertThat(result.unfinished()).isEqualTo(1);
    ResultFile nothing = run(works, new Notes(), () -> true);
    assertThat(nothing.entries()).isEmpty();
    assertThat(nothing.copyGigabytesPerSecond()).isNaN();
  }

  @Test
  void whatADeviceCannotDoIsANote() throws IOException {
    Work graph = Work.of(DISTILLATION, new BatchShape(2, 10), DType.F32, Pass.FORWARD_BACKWARD, Work.Launching.GRAPH);
    ResultFile result = run(List.of(graph, graph), new Notes(), () -> false);
    assertThat(result.entries()).isEmpty();
    assertThat(result.unfinished()).as("nothing that could be measured is missing").isZero();
    assertThat(result.notes()).singleElement().asString().contains("no CUDA graphs");
  }

  @Test
  void anEngineWithoutPlansIsANote() throws IOException {
    Work work = Work.eager(DISTILLATION, new BatchShape(2, 10), DType.F32, Pass.FORWARD_BACKWARD);
    try (LossEngine engine = LossEngine.open("reference")) {
      ResultFile result = new LossBench(new BenchPlan("gpu", List.of(new BenchPlan.Plans("plans", List.of(work), 0))), SHORT)
          .run(engine, new Notes(), () -> false);
      assertThat(result.entries()).isEmpty();
      assertThat(result.unfinished()).isZero();
      assertThat(result.notes()).singleElement().asString().endsWith("has no plans to choose from");
    }
  }

  /** A plan is held to the chosen one's outputs before it is timed. */
  @Test
  void outputsThatDifferAreToldApart() {
    LossTotals totals = new LossTotals(1, 2, 0.5, 1, 1, 0);
    PlanOutputs chosen = new PlanOutputs(totals, List.of(new double[] {1, -1}));
    assertThat(new PlanOutputs(totals, List.of(new double[] {1 + 0x1p-9, -1})).differenceFrom(chosen, DType.BF16)).isEmpty();
    assertThat(new PlanOutputs(totals, List.of(new double[] {1 + 0x1p-9, -1})).differenceFrom(chosen, DType.F32))
        .startsWith("row 0 of 1 compared of its gradient is 0.0014 of its length away");
    assertThat(new PlanOutputs(totals, List.of(new double[] {Double.NaN, -1})).differenceFrom(chosen, DType.BF16)).contains("is NaN of its length");
    assertThat(new PlanOutputs(new LossTotals(1.001, 2, 0.5, 1, 1, 0), chosen.gradient()).differenceFrom(chosen, DType.BF16)).contains("total=1.001");
    assertThat(new PlanOutputs(new LossTotals(Double.NaN, 2, 0.5, 1, 1, 0), chosen.gradient()).differenceFrom(chosen, DType.BF16)).contains("total=NaN");
    assertThat(new PlanOutputs(new LossTotals(1, 2, 0.5, 1, 0, 0), chosen.gradient()).differenceFrom(chosen, DType.BF16)).contains("countedRows=0");
  }

  @Test
  void theSuiteHoldsTheWholeGridOnce() {
    BenchPlan plan = GpuSuite.whole().plan(GpuSuite.JUDGING_PARTS, 0);
    List<Work> works = plan.parts().stream().filter(BenchPlan.Losses.class::isInstance).map(BenchPlan.Losses.class::cast)
        .flatMap(part -> part.works().stream()).toList();
    assertThat(new HashSet<>(works)).hasSameSizeAs(works);
    int batches = 7 * 3;
    int losses = 1 + 3 * 4;
    assertThat(works).as("every loss and T, with and without gradient, and the headline as graphs").hasSize(batches * (2 * losses + 1));
    assertThat(plan.size()).isEqualTo(works.size() + 4 + 6);
    assertThat(works).anySatisfy(work -> assertThat(work).hasToString("2048x262144 F16 jsd:0.5 T 3.0 forward"));
    assertThat(GpuSuite.compared()).allSatisfy(loss -> assertThat(works).contains(
        Work.eager(loss, new BatchShape(65_536, 10), DType.BF16, Pass.FORWARD_BACKWARD)));
  }

  @Test
  void clocksAreMediansOfWhatWasTold() {
    ClockReadings readings = new ClockReadings();
    List.of("345, 3201, 30, 80.5", "1980, 3201, 45, [N/A]", "1980, 3201, 50, 612.3", "").forEach(readings::add);
    assertThat(readings.medians()).containsEntry("smMegahertz", 1980.0).containsEntry("watts", (80.5 + 612.3) / 2);
    assertThat(new ClockReadings().medians()).isEmpty();
  }

  private static ResultFile run(List<Work> works, Notes notes, BooleanSupplier stop) throws IOException {
    try (LossEngine engine = LossEngine.open("reference")) {
      return new LossBench(new BenchPlan("bench", List.of(new BenchPlan.Losses("losses", works))), SHORT).run(engine, notes, stop);
    }
  }
}
