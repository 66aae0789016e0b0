package dev.temper.kernel.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RowPlansTest {

  private static final DeviceLimits HOPPER = DeviceLimits.ofCapability(9, 0);

  @ParameterizedTest
  @CsvSource({
    // classes, student bytes, teacher bytes, capability, threads, lanes, cluster, storage
    "1, 4, 4, 9, 128, 1, 1, RegisterStorage<1>",
    "10, 4, 4, 9, 128, 4, 1, RegisterStorage<1>",
    "10, 2, 2, 9, 128, 4, 1, RegisterStorage<1>",
    "100, 4, 4, 9, 128, 32, 1, RegisterStorage<1>",
    "200, 4, 4, 9, 128, 32, 1, RegisterStorage<2>",
    "400, 2, 2, 9, 128, 32, 1, RegisterStorage<2>",
    "500, 4, 4, 9, 128, 32, 1, RegisterStorage<4>",
    "1000, 2, 2, 9, 128, 32, 1, RegisterStorage<4>",
    "1000, 4, 4, 9, 128, 32, 1, SharedStorage",
    "2000, 2, 4, 7, 128, 0, 1, SharedStorage",
    "3000, 4, 4, 9, 256, 0, 1, SharedStorage",
    "32000, 2, 2, 9, 512, 0, 1, 'RingStorage<2, BulkCopies>'",
    "128256, 2, 2, 9, 512, 0, 4, 'RingStorage<2, BulkCopies>'",
    "262144, 4, 4, 9, 512, 0, 16, 'RingStorage<2, BulkCopies>'",
    "1000000, 4, 4, 9, 512, 0, 1, RereadStorage",
    "3000, 4, 4, 7, 256, 0, 1, SharedStorage",
    "32000, 2, 2, 8, 512, 0, 1, 'RingStorage<2, GranuleCopies>'",
    "40000, 2, 2, 8, 512, 0, 1, SharedStorage",
    "16000, 4, 0, 8, 512, 0, 1, 'RingStorage<4, GranuleCopies>'",
    "32000, 4, 4, 8, 512, 0, 1, RereadStorage",
    "50304, 4, 0, 9, 512, 0, 2, 'RingStorage<4, BulkCopies>'",
  })
  void theChosenPlan(int classes, int first, int second, int capability, int threads, int lanes, int cluster,
      String storage) {
    RowPlan plan = RowPlans.choose(classes, first, second, DeviceLimits.ofCapability(capability, 0));
    assertThat(plan.storage().macro()).isEqualTo(storage);
    assertThat(new int[] {plan.threads(), plan.lanes(), plan.cluster()}).containsExactly(threads, lanes, cluster);
  }

  @Test
  void everyRowFitsItsPlan() {
    for (int capability : new int[] {7, 8, 9, 10, 12}) {
      DeviceLimits limits = DeviceLimits.ofCapability(capability, 0);
      IntStream.rangeClosed(1, 300_000).filter(classes -> classes < 3_000 || classes % 997 == 0).forEach(classes -> {
        for (int first : new int[] {2, 4}) {
          for (int second : new int[] {0, 2, 4}) {
            fits(RowPlans.choose(classes, first, second, limits), classes, first, second, limits);
          }
        }
      });
    }
  }

  private static void fits(RowPlan plan, int classes, int first, int second, DeviceLimits limits) {
    assertThat(plan.cluster()).isLessThanOrEqualTo(limits.maxCluster());
    assertThat(plan.sharedBytes(classes, first, second)).isLessThanOrEqualTo(limits.sharedPerBlock());
    if (plan.storage() instanceof RowStorage.Registers registers) {
      // At the worst alignment, the row begins in the last element of its first vector.
      long touched = (classes + 2L * (16 / first) - 2) / (16 / first);
      assertThat((long) plan.groupSize() * registers.vectors()).isGreaterThanOrEqualTo(touched);
    }
  }

  @Test
  void candidatesFitAndTheChosenOneIsTheFirst() {
    for (int capability : new int[] {7, 8, 9, 12}) {
      DeviceLimits limits = DeviceLimits.ofCapability(capability, 0);
      IntStream.rangeClosed(1, 300_000).filter(classes -> classes < 600 || classes % 4_999 == 0).forEach(classes -> {
        for (int first : new int[] {2, 4}) {
          for (int second : new int[] {0, 2, 4}) {
            List<RowPlan> plans = RowPlans.candidates(classes, first, second, true, limits);
            assertThat(plans).startsWith(RowPlans.choose(classes, first, second, limits)).doesNotHaveDuplicates();
            assertThat(plans.stream().map(RowPlan::label)).doesNotHaveDuplicates();
            plans.forEach(plan -> fits(plan, classes, first, second, limits));
            assertThat(RowPlans.candidates(classes, first, second, false, limits))
                .startsWith(RowPlans.chooseWithoutRing(classes, first, second, limits))
                .noneMatch(plan -> plan.storage() instanceof RowStorage.Ring);
          }
        }
      });
    }
  }

  @Test
  void theMostSimilarCandidatesComeFirst() {
    List<String> labels = RowPlans.candidates(128_256, 2, 2, true, HOPPER).stream().map(RowPlan::label).toList();
    assertThat(labels.subList(0, 3)).containsExactly(
        "ring6-cluster4-512", "ring7-cluster4-384", "ring7-cluster4-480");
    assertThat(labels).as("512 KB of logits fit into three multiprocessors")
        .contains("shared-cluster16-128", "stream-block-1024")
        .doesNotContain("shared-cluster2-512");
    assertThat(RowPlans.candidates(10, 4, 4, true, HOPPER).stream().map(RowPlan::label))
        .contains("registers1-lanes4-128", "registers2-lanes2-512", "registers4-lanes1-1024", "shared-lanes4-128")
        .doesNotContain("registers1-lanes8-128");
  }

  @Test
  void bytesInFlightAreTheRowsOfABlock() {
    RowStorage shared = new RowStorage.Shared();
    assertThat(new RowPlan(512, 0, 2, shared).bytesInFlight(32_000, 2, 2)).isEqualTo(32_000 * 4 / 2);
    assertThat(new RowPlan(128, 32, 1, shared).bytesInFlight(1_000, 4, 0)).isEqualTo(4 * 1_000 * 4);
    assertThat(new RowPlan(512, 0, 1, new RowStorage.Reread()).bytesInFlight(100_000, 2, 4))
        .as("a vector of each thread").isEqualTo(512 * 8 * 6);
  }

  @Test
  void sharedMemoryHoldsScratchAndSlotsOfBothTensors() {
    // 2 slots of 12 floats for each of 8 warps, 16 bytes of single values, 16 bytes of constants, then
    // 8 slots of 256 threads: 16 bytes of bf16
    // student, 32 of f32 teacher.
    RowPlan plan = new RowPlan(256, 0, 1, new RowStorage.Shared());
    assertThat(plan.sharedBytes(16_000, 2, 4)).isEqualTo(2 * 12 * 8 * 4 + 16 + 16 + 8 * 256 * (16 + 32));
    assertThat(plan.sharedBytes(16_000, 2, 0)).isEqualTo(2 * 12 * 8 * 4 + 16 + 16 + 8 * 256 * 16);
  }

  @Test
  void aRingHasAsManyStagesAsFit() {
    // Scratch as above for 16 warps, then 7 stages with a header, two mbarriers, 1,024 vectors and four ends of both
    // tensors, and one more vector of the teacher.
    RowPlan plan = RowPlans.choose(32_000, 2, 2, HOPPER);
    assertThat(plan.label()).isEqualTo("ring7-block-512");
    assertThat(plan.blockThreads()).isEqualTo(544);
    assertThat(plan.sharedBytes(32_000, 2, 2))
        .isEqualTo(2 * 12 * 16 * 4 + 16 + 16 + 7 * (48 + 16 + (1_024 + 4) * 32 + 16));
  }

  @Test
  void aRingWithoutClustersLeavesAStageForTheNextRow() {
    DeviceLimits ampere = DeviceLimits.ofCapability(8, 0);
    assertThat(RowPlans.choose(32_767, 2, 2, ampere).label()).isEqualTo("ring5-block-512");
    assertThat(RowPlans.choose(32_768, 2, 2, ampere).label()).isEqualTo("shared-block-512");
    assertThat(RowPlans.choose(16_383, 4, 4, ampere).label()).isEqualTo("ring5-block-512");
    assertThat(RowPlans.choose(16_384, 4, 4, ampere).label()).isEqualTo("shared-block-512");
    assertThat(RowPlans.choose(16_000, 2, 4, ampere).label()).as("room for three stages").isEqualTo("shared-block-256");
    assertThat(RowPlans.choose(16_000, 2, 4, HOPPER).label()).isEqualTo("ring4-block-512");
  }

  @Test
  void ringsInLittleSharedMemoryAreCandidatesOnly() {
    for (int[] capability : new int[][] {{8, 6}, {8, 9}, {12, 0}}) {
      DeviceLimits limits = DeviceLimits.ofCapability(capability[0], capability[1]);
      assertThat(RowPlans.choose(16_000, 2, 2, limits).storage()).isEqualTo(new RowStorage.Shared());
      assertThat(RowPlans.candidates(16_000, 2, 2, true, limits))
          .anyMatch(plan -> plan.storage() instanceof RowStorage.Ring);
    }
    assertThat(RowPlans.candidates(16_000, 2, 2, true, DeviceLimits.ofCapability(7, 5)))
        .noneMatch(plan -> plan.storage() instanceof RowStorage.Ring);
  }

  @Test
  void blocksCoverTheRows() {
    assertThat(new RowPlan(128, 4, 1, new RowStorage.Registers(1)).blocks(65)).isEqualTo(3);
    assertThat(new RowPlan(256, 0, 8, new RowStorage.Shared()).blocks(65)).isEqualTo(65 * 8);
    assertThat(new RowPlan(256, 0, 8, new RowStorage.Shared()).blocks(Long.MAX_VALUE / 1_000))
        .isLessThanOrEqualTo(Integer.MAX_VALUE)
        .matches(blocks -> blocks % 8 == 0);
    assertThat(RowPlans.choose(10, 4, 4, HOPPER).blocks(0)).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    // threads, lanes, cluster, rows, blocks of the device, alignment period, blocks
    "256, 0, 1, 1000, 396, 1, 396",
    "256, 0, 1, 300, 396, 1, 300",
    "256, 0, 1, 1000, 0, 1, 1000",
    "256, 0, 8, 1000, 132, 1, 128",
    "256, 0, 8, 1000, 132, 8, 128",
    "256, 0, 4, 1000, 132, 8, 128",
    "256, 0, 1, 1000, 396, 8, 392",
    "256, 0, 16, 1000, 112, 8, 112",
    "128, 32, 1, 100000, 1189, 8, 1188",
    "128, 8, 1, 100000, 1189, 8, 1189",
  })
  void aPersistentGridFillsTheDeviceAndKeepsAGroupToOneAlignment(
      int threads, int lanes, int cluster, long rows, long deviceBlocks, int period, long blocks) {
    assertThat(new RowPlan(threads, lanes, cluster, new RowStorage.Shared()).blocks(rows, deviceBlocks, period))
        .isEqualTo(blocks);
  }

  @Test
  void rowsRepeatTheirAlignment() {
    assertThat(RowPlan.alignmentPeriod(2 * 50_257)).isEqualTo(8);
    assertThat(RowPlan.alignmentPeriod(4 * 50_258)).isEqualTo(2);
    assertThat(RowPlan.alignmentPeriod(2 * 50_304)).isEqualTo(1);
    assertThat(RowPlan.alignmentPeriod(0)).isEqualTo(1);
  }
}
