package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.PreparedLoss;
import dev.temper.cuda.nvrtc.HostBinaries;
import dev.temper.diagnostics.Finding;
import dev.temper.diagnostics.KeptPlan;
import dev.temper.diagnostics.PlanTimes;
import dev.temper.kernel.tune.OwnPlanFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Tests that engines opened later use a kept plan, unless it is stale or unknown, the file is damaged or plans are off.
 */
final class TunedPlansTest extends StubEngine implements OwnPlanFile {

  private static final String DEFAULT = "registers1-lanes16-128";
  private static final String OTHER = "registers2-lanes8-128";

  private static final DistillationLoss SMOOTHED =
      DistillationLoss.builder().softWeight(0.5).hardWeight(0.5).labelSmoothing(0.1).build();

  @Test
  void laterEnginesHaveTheKeptPlanAndItsBits() {
    CudaBatch.Computed expected;
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      assertThat(plan(engine, batch)).isEqualTo(DEFAULT);
      assertThat(keep(engine, batch, OTHER)).isEqualTo(new KeptPlan(planFile().toString(), ""));
      assertThat(plan(engine, batch)).as("an open engine goes on as before").isEqualTo(DEFAULT);
      try (PreparedLoss prepared =
          engine.diagnostics().prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs(), OTHER)) {
        prepared.launch();
        expected = batch.result(prepared.totals());
      }
    }
    for (int run = 0; run < 2; run++) {
      try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
        assertThat(plan(engine, batch)).isEqualTo(OTHER);
        assertThat(engine.diagnostics().plans(CudaBatch.LOSS, batch.inputs(), batch.outputs()))
            .doesNotHaveDuplicates().contains(DEFAULT);
        assertThat(batch.result(
            engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs()).totals())).isEqualTo(expected);
        assertThat(keep(engine, batch, DEFAULT).before()).isEqualTo(OTHER);
        keep(engine, batch, OTHER);
      }
    }
    try (LossEngine engine = open(0, EngineOptions.defaults().withTunedPlans(false));
        CudaBatch batch = new CudaBatch(engine, 1)) {
      assertThat(plan(engine, batch)).isEqualTo(DEFAULT);
    }
  }

  @Test
  void everyPassAndTemperatureHasThePlanAndLossesWithOptionsHaveNone() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      keep(engine, batch, OTHER);
      assertThatThrownBy(() -> engine.diagnostics().keepPlan(CudaBatch.LOSS, batch.inputs(), batch.outputs(),
          new PlanTimes("shared", 1, DEFAULT, 2)))
          .hasMessageContaining("plan 'shared' does not fit rows of 37 classes");
      assertThatThrownBy(() -> engine.diagnostics().keepPlan(SMOOTHED, batch.inputs(), batch.outputs(),
          new PlanTimes(OTHER, 1, DEFAULT, 2))).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("SMOOTHING");
    }
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      DistillationLoss warm = DistillationLoss.hinton(3.5, 0.2);
      assertThat(engine.diagnostics().plans(warm, batch.inputs(), batch.outputs())).startsWith(OTHER);
      assertThat(engine.diagnostics().plans(warm, batch.inputs(), LossOutputs.none())).startsWith(OTHER);
      assertThat(engine.diagnostics().plans(SMOOTHED, batch.inputs(), batch.outputs())).startsWith(DEFAULT);
      DistillationLoss hard = DistillationLoss.builder().softWeight(0).hardWeight(1).build();
      assertThat(engine.diagnostics().plans(hard, batch.inputs(), batch.outputs())).startsWith(DEFAULT);
    }
  }

  @Test
  void aPlanOfOtherCodeOrOfNoSuchNameIsNotUsedAndDoctorSaysSo() throws IOException {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      keep(engine, batch, OTHER);
    }
    String kept = Files.readString(planFile());
    assertThat(tuned()).containsExactly(
        "1 of 1 for stub (no GPU) are used, from " + planFile(),
        "ForwardKl+ce, F32,F32, 37 classes: " + OTHER + ", 1 ms at 5 rows; by default " + DEFAULT + ", 2 ms");
    requireDefault(kept.replace("the C++ compiler", "another one"),
        "it was measured with another one, this is the C++ compiler");
    requireDefault(kept.replaceFirst("\t[0-9a-f]{16}\t", "\t0123456789abcdef\t"), "with other kernel sources");
    requireDefault(kept.replace(OTHER, "registers7-lanes8-128"), "it does not fit this device and these settings");
    requireDefault(kept.replace("temper plans", "plans"), "is damaged: line 1 is 'plans 1'");
    Files.writeString(planFile(), kept.replace("stub (no GPU)", "Other GPU"));
    assertThat(tuned()).isEmpty();
  }

  private void requireDefault(String text, String sentence) throws IOException {
    Files.writeString(planFile(), text);
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      assertThat(plan(engine, batch)).as(sentence).isEqualTo(DEFAULT);
    }
    assertThat(tuned()).anyMatch(result -> result.contains(sentence));
  }

  private List<String> tuned() {
    return provider(HostBinaries.correct()).findings().stream()
        .filter(finding -> finding.subject().startsWith("tuned plan")).map(Finding::result).toList();
  }

  private static String plan(LossEngine engine, CudaBatch batch) {
    try (PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs())) {
      String used = prepared.footprint().orElseThrow().plan();
      assertThat(engine.diagnostics().plans(CudaBatch.LOSS, batch.inputs(), batch.outputs())).startsWith(used);
      return used;
    }
  }

  private static KeptPlan keep(LossEngine engine, CudaBatch batch, String plan) {
    return engine.diagnostics().keepPlan(CudaBatch.LOSS, batch.inputs(), batch.outputs(),
        new PlanTimes(plan, 1, DEFAULT, 2));
  }
}
