package dev.temper.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceException;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossBackend;
import dev.temper.LossEngine;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.OpenedEngine;
import dev.temper.RowVector;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import dev.temper.spi.Support;
import dev.temper.tools.bench.BenchLoss.Objective;
import dev.temper.tools.bench.BenchmarkCase.Passes;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that a failing or wrong plan does not affect the others, unless it breaks the device. */
final class PlanSweepTest {

  private static final BenchmarkCase CASE =
      BenchmarkCase.eager(new BenchLoss(Objective.BOTH, Divergence.forwardKl(), 2), new BatchShape(5, 10), DType.F32,
          Passes.FORWARD_BACKWARD);

  private static final HostMatrix NO_LOGITS = HostMatrix.of(new float[1], 1, 1);

  @Test
  void aPlanThatFailsOrIsWrongIsANote() throws IOException {
    List<ResultFile> observed = new ArrayList<>();
    ResultFile result = sweep(observed, "own", "correct", "uncompiled", "wrong", "unlaunched");
    assertThat(result.entries().stream().map(entry -> entry.benchmark() + " " + entry.parameter("plan")).toList())
        .startsWith(
        "RowPlan.forwardBackward own", "RowPlan.forwardBackward correct", "RowPlan.chosenAgain own").hasSize(4);
    assertThat(result.entries().getLast().also("plansTimed")).isEqualTo(2);
    assertThat(result.notes()).hasSize(3);
    assertThat(result.notes().get(0)).endsWith(" by uncompiled: too many registers");
    assertThat(result.notes().get(1)).contains(" by wrong: WRONG, and not timed: row 0 of 4 compared of its gradient");
    assertThat(result.notes().get(2)).contains(" by unlaunched: cuLaunchKernel failed with code 912");
    assertThat(result.unfinished()).isZero();
  }

  @Test
  void aDeviceThatIsLostEndsTheRunAndTheFileSaysByWhat() {
    List<ResultFile> observed = new ArrayList<>();
    assertThatThrownBy(() -> sweep(observed, "own", "deadly", "correct")).isInstanceOf(DeviceException.class)
        .hasMessageContaining("cuStreamSynchronize");
    assertThat(observed.getLast().notes()).singleElement().asString()
        .contains(" by deadly: cuLaunchKernel failed with code 719");
    assertThat(observed.getLast().entries()).extracting(entry -> entry.parameter("plan")).containsExactly("own");
  }

  @Test
  void theObserverGetsTheCorrectPlansOfACaseThatIsFinished() throws IOException {
    List<SweptPlans> swept = new ArrayList<>();
    sweep(new ArrayList<>(), swept, () -> false, "own", "correct", "wrong", "unlaunched");
    SweptPlans plans = swept.getFirst();
    assertThat(swept).hasSize(1);
    assertThat(plans.all()).extracting(timed -> timed.parameter("plan")).containsExactly("own", "correct");
    assertThat(plans.before().parameter("plan")).isEqualTo("own");
    assertThat(plans.again().parameter("plan")).isEqualTo("own");
    assertThat(plans.wrong()).singleElement().asString().startsWith("wrong: row 0 of 4 compared of its gradient");
  }

  /** The run is stopped after the first plan, after the second, and after the last. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theObserverGetsNothingOfACaseThatIsStopped(int reports) throws IOException {
    List<ResultFile> observed = new ArrayList<>();
    List<SweptPlans> swept = new ArrayList<>();
    ResultFile result = sweep(observed, swept, () -> observed.size() >= reports, "own", "correct", "wrong");
    assertThat(swept).isEmpty();
    assertThat(result.entries()).hasSize(Math.min(reports, 2));
  }

  @Test
  void aPlanIsBestIfItIsFasterThanBothMeasurementsByMoreThanTheirNoise() {
    assertThat(best(1, 1, 0.98)).isEqualTo("other");
    assertThat(best(1, 1, 0.995)).isEqualTo("own");
    assertThat(best(1, 0.97, 0.98)).as("the device became faster meanwhile").isEqualTo("own");
    assertThat(best(1, 1.1, 0.98)).isEqualTo("other");
    assertThat(best(1, 1, 1.5)).isEqualTo("own");
  }

  private static String best(double own, double again, double other) {
    return new SweptPlans(CASE, new LogitBatch(NO_LOGITS, NO_LOGITS, NO_LOGITS, RowVector.labels(new int[1])),
        measurement("own", own), List.of(measurement("other", other)), measurement("own", again), List.of())
        .best().parameter("plan");
  }

  private static Measurement measurement(String plan, double milliseconds) {
    return new Measurement("RowPlan.forwardBackward", Map.of("plan", plan), "ms",
        Quantiles.of(new double[] {milliseconds}), Map.of());
  }

  private static ResultFile sweep(List<ResultFile> observed, String... plans) throws IOException {
    return sweep(observed, new ArrayList<>(), () -> false, plans);
  }

  private static ResultFile sweep(List<ResultFile> observed, List<SweptPlans> swept, BooleanSupplier stop,
      String... plans) throws IOException {
    LossBench.Observer observer = new LossBench.Observer() {
      @Override
      public void at(int done, int total, String next) {}

      @Override
      public void swept(LossEngine engine, SweptPlans found) {
        swept.add(found);
      }

      @Override
      public void measured(ResultFile soFar) {
        observed.add(soFar);
      }
    };
    try (LossEngine engine = OpenedEngine.over("planned", new Planned(List.of(plans)))) {
      return new LossBench(new BenchPlan("gpu-plans", List.of(new BenchPlan.Plans("plans", List.of(CASE), 60))),
          new Repetition(0, 0, 3, 3))
          .run(engine, observer, stop);
    }
  }

  /** The reference with plans named by their faults. */
  private static final class Planned extends LossBackend {
    private final EngineBackend reference = OpenedEngine.backend("reference");
    private final List<String> plans;
    private boolean lost;

    Planned(List<String> plans) {
      super("reference with plans");
      this.plans = plans;
    }

    @Override
    public List<String> plans(LossCall call) {
      return plans;
    }

    @Override
    public PreparedCall prepare(LossCall call, String plan) {
      if (plan.equals("uncompiled")) {
        throw new IllegalStateException("too many registers\nand more");
      }
      PreparedCall correct = prepare(call);
      return new PreparedCall() {
        @Override
        public void launch() {
          if (plan.equals("unlaunched") || plan.equals("deadly")) {
            lost = plan.equals("deadly");
            throw new DeviceException("cuLaunchKernel", lost ? 719 : 912, "CUDA_ERROR", "try another");
          }
          correct.launch();
          if (plan.equals("wrong") && call.outputs().gradient() instanceof HostMatrix gradient) {
            gradient.segment().set(ValueLayout.JAVA_FLOAT, 0, 1);
          }
        }

        @Override
        public LossTotals totals() {
          return correct.totals();
        }

        @Override
        public void recordGraph() {
          correct.recordGraph();
        }

        @Override
        public void close() {
          correct.close();
        }
      };
    }

    @Override
    public void synchronize() {
      if (lost) {
        throw new DeviceException("cuStreamSynchronize", 719, "CUDA_ERROR_LAUNCH_FAILED", "start again");
      }
    }

    @Override
    public Support supports(LossCall call) {
      return reference.supports(call);
    }

    @Override
    public LossResult compute(LossCall call) {
      return reference.compute(call);
    }

    @Override
    public void close() {
      reference.close();
    }
  }
}
