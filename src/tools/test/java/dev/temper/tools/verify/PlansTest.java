package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.OpenedEngine;
import dev.temper.RowVector;
import dev.temper.emulator.Emulator;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Tests that every launch plan computes rows correctly, not only the plan that the engine chooses. */
@Execution(ExecutionMode.CONCURRENT)
class PlansTest {

  @BeforeAll
  static void requireCompiler() {
    Emulator.assumeUsable();
  }

  /** Every thread group, row storage and number of threads, with misaligned, padded or non-finite rows. */
  @Test
  void everyKindOfPlanHoldsToTheReference() {
    List<Case> cases = new ArrayList<>();
    CaseBuilder.of(CaseGroup.CLASSES).classes(29).layout(l -> l.rows(70)).content(Content.NON_FINITE)
        .add(cases, "f32-c29");
    CaseBuilder.of(CaseGroup.CLASSES).classes(1_000)
        .layout(l -> l.rows(5).dtypes(DType.BF16, DType.BF16, DType.BF16).placed(3, 5, 0, false))
        .loss(b -> b.divergence(Divergence.jensenShannon(0.3))).add(cases, "bf16-jsd-c1000");
    CaseBuilder.of(CaseGroup.CLASSES).classes(9_000).layout(l -> l.rows(3).padded(0, 3)).loss(b -> b.numClasses(9_000))
        .content(Content.NEARLY_EQUAL)
        .add(cases, "f32-c9000");
    Set<String> tried = new HashSet<>();
    for (Case c : cases) {
      List<String> plans = new ArrayList<>();
      assertThat(failure(c, all -> {
        plans.addAll(kinds(all));
        return all;
      })).isEmpty();
      assertThat(plans.parallelStream().map(plan -> failure(c, _ -> List.of(plan)))).as(c.name())
          .allMatch(String::isEmpty);
      tried.addAll(plans);
    }
    assertThat(tried).contains("registers1-lanes8-128", "registers4-lanes2-128", "shared-lanes1-128",
        "registers1-block-128",
        "shared-lanes32-128", "shared-block-128", "shared-cluster16-256", "registers3-block-1024", "stream-block-128");
  }

  /** The first plan of every thread group and row storage, and of every number of threads. */
  private static List<String> kinds(List<String> plans) {
    Set<String> seen = new HashSet<>();
    return plans.stream().filter(plan -> {
      int threads = plan.lastIndexOf('-');
      boolean freshGroup = seen.add(plan.substring(0, threads));
      boolean freshThreads = seen.add(plan.substring(threads));
      return freshGroup || freshThreads;
    }).toList();
  }

  private static String failure(Case c, UnaryOperator<List<String>> plans) {
    try (LossEngine planned = OpenedEngine.over("emulator", new PlannedBackend(plans))) {
      Verification verification = new VerificationRun(planned, 11).runCases(List.of(c));
      return verification.count(CaseOutcome.PASSED) == 1 ? "" : c.name() + "\n" + ResultTable.of(verification);
    }
  }

  @Test
  void aPlanThatDoesNotFitIsRefusedWithThoseThatDo() {
    try (Arena arena = Arena.ofConfined(); Emulator emulator = Emulator.of("7.5"); LossEngine reference =
        LossEngine.open("reference")) {
      LossInputs inputs = LossInputs.of(HostMatrix.of(arena.allocate(2 * 40_000 * 4L, 4), 2, 40_000, DType.F32))
          .withLabels(RowVector.labels(0, 1));
      DistillationLoss loss = DistillationLoss.builder().softWeight(0).hardWeight(1).build();
      for (String unfit : List.of("shared-cluster4-512", "registers1-lanes32-128", "shared-block-512", "fastest", "")) {
        assertThatThrownBy(() -> emulator.engine().diagnostics().prepare(loss, inputs, LossOutputs.none(), unfit))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("plan '" + unfit + "' does not fit rows of 40000 classes on emulator")
            .hasMessageEndingWith("expected one of stream-block-512, stream-block-256, stream-block-384,"
                + " stream-block-1024, stream-block-128");
      }
      assertThat(reference.diagnostics().plans(loss, inputs, LossOutputs.none())).isEmpty();
      assertThatThrownBy(() -> reference.diagnostics().prepare(loss, inputs, LossOutputs.none(), "stream-block-512"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("has no plans to choose from, found 'stream-block-512'");
    }
  }
}
