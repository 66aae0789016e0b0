package dev.temper.tools.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.cuda.StubCublas;
import dev.temper.cuda.StubEngine;
import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.BenchmarkCase.Passes;
import dev.temper.tools.bench.GpuSuite;
import dev.temper.tools.bench.HeadShape;
import dev.temper.tools.bench.LossBench;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.Repetition;
import dev.temper.tools.bench.ResultFile;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the GPU suite with JCuda and graphs on the stub driver. Its times have no meaning. */
final class SuiteTest extends StubEngine {

  @Test
  void losesNothingAndRecordsGraphs() throws IOException {
    GpuSuite suite = new GpuSuite(List.of(new BatchShape(64, 1000)), List.of(DType.BF16), List.of(2.0),
        List.of(Passes.FORWARD_BACKWARD), List.of(), List.of(), List.of(new BatchShape(40, 9000)));
    try (LossEngine engine = open()) {
      ResultFile result = new LossBench(suite.plan(List.of("headline", "launch"), 0), new Repetition(0, 0, 3, 3))
          .run(engine, (done, total, next) -> {}, () -> false);
      assertThat(result.notes()).isEmpty();
      assertThat(result.device()).isNotNull().extracting(DeviceFacts::clusters).isEqualTo("up to 16 blocks");
      assertThat(result.unfinished()).isZero();
      assertThat(result.entries()).extracting(Measurement::benchmark)
          .containsExactly("TemperLoss.forwardBackward", "TemperLoss.forwardBackward",
          "LaunchCost.submit", "LaunchCost.complete", "LaunchCost.submit", "LaunchCost.complete");
      Measurement eager = result.entries().get(0);
      Measurement graph = result.entries().get(1);
      assertThat(graph.parameter("launch")).isEqualTo("graph");
      assertThat(graph.also("total")).as("the same loss").isEqualTo(eager.also("total"));
      assertThat(eager.also("peakBytes")).as("a few floats for each row").isBetween(64.0 * 4, 64.0 * 16 + 1024);
      assertThat(result.copyGigabytesPerSecond()).isPositive();
    }
  }

  @Test
  void timesHeadsBesideTheirProducts() throws IOException {
    GpuSuite suite = new GpuSuite(List.of(), List.of(), List.of(), List.of(), HeadShape.parseList("9x8/12x40"),
        List.of(DType.BF16), List.of());
    System.setProperty(CublasSearch.LIBRARY_PROPERTY, StubCublas.library(12).toString());
    try (LossEngine engine = open(0, EngineOptions.defaults().withHeadWorkspace(2600))) {
      ResultFile result = new LossBench(suite.plan(List.of("head"), 0), new Repetition(0, 0, 3, 3))
          .run(engine, (done, total, next) -> {}, () -> false);
      assertThat(result.notes()).isEmpty();
      assertThat(result.unfinished()).isZero();
      assertThat(result.entries()).extracting(Measurement::benchmark).containsExactly("TemperHead.products",
          "TemperHead.forwardBackward", "TemperHead.forwardBackward");
      Measurement eager = result.entries().get(1);
      Measurement graph = result.entries().get(2);
      assertThat(eager.also("chunks")).isEqualTo(3);
      assertThat(graph.also("total")).as("the same loss").isEqualTo(eager.also("total"));
      assertThat(eager.also("peakBytes")).as("chunks and what belongs to all rows")
          .isBetween(eager.also("workspaceBytes"), 2600.0 + 32 * 1024);
    } finally {
      System.clearProperty(CublasSearch.LIBRARY_PROPERTY);
    }
  }

  @Test
  void triesPlansBesideTheChosenOne() throws IOException {
    GpuSuite suite = new GpuSuite(List.of(), List.of(DType.BF16, DType.F16), List.of(), List.of(),
        List.of(), List.of(), List.of(new BatchShape(5, 9000)));
    try (LossEngine engine = open()) {
      ResultFile result = new LossBench(suite.plan(List.of("plans"), 0), new Repetition(0, 0, 3, 3))
          .run(engine, (done, total, next) -> {}, () -> false);
      assertThat(result.unfinished()).isZero();
      assertThat(result.entries()).extracting(Measurement::benchmark)
          .containsExactly("RowPlan.forwardBackward", "RowPlan.forwardBackward", "RowPlan.chosenAgain", "RowPlan.best");
      Measurement chosen = result.entries().getFirst();
      assertThat(chosen.parameters()).containsEntry("plan", "shared-block-256").containsEntry("dtype", "BF16");
      assertThat(chosen.also()).containsEntry("timesChosen", 1.0).containsEntry("threads", 256.0)
          .containsEntry("registers", 0.0)
          .containsEntry("residentBlocks", 5.0).containsEntry("bytesInFlight", 5.0 * 9000 * 4);
      Measurement other = result.entries().get(1);
      assertThat(other.parameter("plan")).isNotEqualTo("shared-block-256").startsWith("shared-");
      assertThat(other.also("timesChosen")).isEqualTo(other.time().median() / chosen.time().median());
      assertThat(result.entries().get(3).time().median())
          .isEqualTo(Math.min(chosen.time().median(), other.time().median()));
      assertThat(result.notes()).singleElement().asString().startsWith("5x9000 BF16: out of time for ")
          .contains("stream-block-512");
    }
  }
}
