package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.emulator.Emulator;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.spi.layout.Pass;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Compares the CUDA sources on the CPU with the reference, for every row storage and every order of threads. */
class EmulatorGridTest {

  @BeforeAll
  static void requireCompiler() {
    Emulator.assumeUsable();
  }

  /** The devices run in parallel, because most of the time is C++ compilation. */
  @Test
  void theGridHoldsWithinTheLimitsOfAnOldAndANewDevice() {
    Set<String> found = Stream.of("9.0", "7.5").parallel().flatMap(capability -> {
      try (Emulator emulator = Emulator.of(capability)) {
        Verification verification = new VerificationRun(emulator.engine(), 1)
            .run(Level.QUICK, (done, total, next) -> { });
        assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
        for (GroupResult result : verification.groups()) {
          if (!result.group().isExact() && result.count(CaseOutcome.PASSED) > 0) {
            assertThat(Objects.requireNonNull(result.worst()).share()).as(result.group().id()).isGreaterThan(0.01);
          }
        }
        return places(emulator).stream();
      }
    }).collect(Collectors.toSet());
    assertThat(found).contains("RegisterStorage<1> 1 lanes", "RegisterStorage<1> 32 lanes", "SharedStorage 32 lanes",
        "SharedStorage cluster 1");
  }

  @Test
  void everyRowStorageGivesTheSameBitsInEveryOrderOfThreads() {
    List<Case> cases = RowStorageCases.all();
    try (Emulator first = Emulator.of("9.0")) {
      Verification verification = new VerificationRun(first.engine(), 3).runCases(cases);
      assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
      assertThat(verification.count(CaseOutcome.REFUSED)).isZero();
      assertThat(places(first)).containsExactlyInAnyOrder(
          "RegisterStorage<1> 1 lanes", "RegisterStorage<1> 2 lanes", "RegisterStorage<1> 4 lanes",
          "RegisterStorage<1> 8 lanes", "RegisterStorage<1> 16 lanes", "RegisterStorage<1> 32 lanes",
          "RegisterStorage<2> 32 lanes", "RegisterStorage<4> 32 lanes", "SharedStorage 32 lanes",
          "SharedStorage cluster 1",
          "RingStorage<2, BulkCopies> cluster 1", "RingStorage<2, BulkCopies> cluster 2",
          "RingStorage<2, BulkCopies> cluster 4", "RingStorage<2, BulkCopies> cluster 8",
          "RingStorage<2, BulkCopies> cluster 16", "RingStorage<4, BulkCopies> cluster 1",
          "RingStorage<4, BulkCopies> cluster 2", "RingStorage<4, BulkCopies> cluster 4",
          "RingStorage<4, BulkCopies> cluster 8",
          "RereadStorage cluster 1");
      assertThat(each(first, LossSpecialisation::pass)).containsExactlyInAnyOrder(Pass.values());
      assertThat(each(first, LossSpecialisation::policy)).containsExactlyInAnyOrderElementsOf(DivergencePolicy.NAMES);
    }
    // One order has fewer clusters than rows: each cluster computes several rows.
    List<String> differences = Emulator.ORDERS.parallelStream().flatMap(order -> {
      try (Emulator base = Emulator.of("9.0"); Emulator other =
          Emulator.of("9.0", order, order.equals("round-robin") ? 1 : Long.MAX_VALUE)) {
        return cases.stream().map(c -> difference(c, base.engine(), other.engine(), order))
            .filter(text -> !text.isEmpty()).toList().stream();
      }
    }).toList();
    assertThat(differences).isEmpty();
  }

  /** Tests that both kinds of copies into a ring give the same bits, because the threads have the same vectors. */
  @Test
  void aRingThatThreadsFillGivesTheBitsOfOneThatBulkCopiesFill() {
    List<Case> cases = RowStorageCases.inRings().stream()
        .filter(c -> c.layout().student() != DType.F32 || c.layout().classes() < 20_000).toList();
    try (Emulator ampere = Emulator.of("8.0")) {
      Verification verification = new VerificationRun(ampere.engine(), 3).runCases(cases);
      assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
      assertThat(places(ampere)).containsExactlyInAnyOrder("RingStorage<2, GranuleCopies> cluster 1",
          "RingStorage<4, GranuleCopies> cluster 1");
    }
    List<String> differences = Emulator.ORDERS.parallelStream().flatMap(order -> {
      try (Emulator hopper = Emulator.of("9.0"); Emulator ampere = Emulator.of("8.0", order, 2)) {
        return cases.stream().map(c -> difference(c, hopper.engine(), ampere.engine(), order))
            .filter(text -> !text.isEmpty()).toList().stream();
      }
    }).toList();
    assertThat(differences).isEmpty();
  }

  @Test
  void longRowsAreReadTwiceWhereThereAreNoClusters() {
    List<Case> cases = RowStorageCases.all().stream()
        .filter(c -> c.layout().classes() >= 1_009 && c.layout().classes() <= 40_000).toList();
    try (Emulator turing = Emulator.of("7.5")) {
      Verification verification = new VerificationRun(turing.engine(), 4).runCases(cases);
      assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
      assertThat(places(turing)).containsExactlyInAnyOrder(
          "RegisterStorage<4> 32 lanes", "SharedStorage cluster 1", "RereadStorage cluster 1");
    }
  }

  private static String difference(Case c, LossEngine base, LossEngine other, String order) {
    CaseData data = CaseData.of(c, 3);
    Comparison comparison = new Comparison();
    BitChecks.same(DeviceRun.run(base, c, data), DeviceRun.run(other, c, data), comparison);
    return comparison.holds() ? "" : c.name() + " " + order + ": " + comparison.mismatches();
  }

  private static Set<String> places(Emulator emulator) {
    return emulator.launched().stream()
        .flatMap(kernel -> kernel instanceof LossSpecialisation loss ? Stream.of(loss.plan()) : Stream.empty())
        .map(EmulatorGridTest::place).collect(Collectors.toCollection(TreeSet::new));
  }

  private static String place(RowPlan plan) {
    return plan.storage().macro() + (plan.lanes() > 0 ? " " + plan.lanes() + " lanes" : " cluster " + plan.cluster());
  }

  private static <V> Set<V> each(Emulator emulator, Function<LossSpecialisation, V> choice) {
    return emulator.launched().stream().filter(LossSpecialisation.class::isInstance).map(LossSpecialisation.class::cast)
        .map(choice)
        .collect(Collectors.toSet());
  }
}
