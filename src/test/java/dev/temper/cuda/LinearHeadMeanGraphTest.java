package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.IgnoreScope;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Means of linear heads in CUDA graphs, which each replay divides by the labels that it has counted. */
final class LinearHeadMeanGraphTest extends StubHeads {

  private static final int IGNORED = -100;

  /** Each replay has the bits of an eager call with the same labels, and the gradients of the reference. */
  @ParameterizedTest
  @CsvSource({"12, F32, BOTH", "12, BF16, HARD", "12, F16, BOTH", "13, F32, HARD", "13, BF16, BOTH", "13, F16, HARD"})
  void aReplayCountsTheLabels(int major, DType dtype, IgnoreScope scope) {
    int[][] batches = {labels(), labels(0), labels(1, 4, 5, 6, 8), labels(0, 1, 2, 3, 4, 5, 6, 7, 8), labels(3, 4, 5)};
    try (LossEngine engine = open(major); LossEngine reference = LossEngine.open("reference")) {
      Run eager = scoped(new Run(engine, dtype, true), scope);
      Run replayed = scoped(new Run(engine, dtype, true), scope);
      try (PreparedLoss prepared = engine.prepare(replayed.loss, replayed.inputs, replayed.outputs())) {
        prepared.recordGraph();
        for (int[] labels : batches) {
          long labelled = Arrays.stream(labels).filter(label -> label != IGNORED).count();
          upload(eager, labels);
          upload(replayed, labels);
          LossTotals totals = eager.compute().totals();
          prepared.launch();
          assertThat(prepared.totals()).isEqualTo(totals);
          assertThat(totals.hardCountedRows()).isEqualTo(labelled);
          assertThat(totals.countedRows()).isEqualTo(scope == IgnoreScope.HARD ? ROWS : labelled);
          assertThat(replayed.written()).isDeepEqualTo(eager.written());
          assertThat(Arrays.stream(replayed.written()[1]).allMatch(value -> value == 0))
              .isEqualTo(totals.countedRows() == 0);
          assertClose(replayed, expected(reference, dtype, scope, labels));
        }
      }
    }
  }

  private double[][] expected(LossEngine reference, DType dtype, IgnoreScope scope, int[] labels) {
    Run onHost = scoped(new Run(reference, dtype, false), scope);
    onHost.inputs = onHost.inputs.withLabels(RowVector.labels(labels));
    onHost.compute().totals();
    return onHost.written();
  }

  private static void assertClose(Run run, double[][] expected) {
    double u = run.dtype == DType.F32 ? 1e-5 : run.dtype == DType.BF16 ? 0x1p-6 : 0x1p-9;
    for (int i = 0; i < expected.length; i++) {
      assertThat(run.written()[i]).usingComparatorWithPrecision(u).containsExactly(expected[i]);
    }
  }

  /** One part has a denominator as a number or in memory, the other part counts its rows or its labels. */
  @ParameterizedTest
  @CsvSource({"true, false, HARD", "true, true, HARD", "true, true, BOTH", "false, true, BOTH", "false, false, HARD"})
  void aReplayCountsForOnePart(boolean countsHard, boolean inMemory, IgnoreScope scope) {
    try (LossEngine engine = open(12)) {
      DeviceBuffer memory = buffer(engine, MemorySegment.ofArray(new float[] {3}));
      Denominator given = inMemory ? Denominator.at(memory.address()) : Denominator.of(3);
      Run[] runs = {scoped(new Run(engine, DType.F32, true), scope), scoped(new Run(engine, DType.F32, true), scope)};
      for (Run run : runs) {
        run.inputs = countsHard ? run.inputs.withSoftDenominator(given) : run.inputs.withHardDenominator(given);
      }
      try (PreparedLoss prepared = engine.prepare(runs[0].loss, runs[0].inputs, runs[0].outputs())) {
        prepared.recordGraph();
        for (int[] labels : new int[][] {labels(), labels(2, 3), labels(0, 1, 2, 3, 4, 5, 6, 7, 8)}) {
          upload(runs[0], labels);
          upload(runs[1], labels);
          prepared.launch();
          LossTotals totals = prepared.totals();
          assertThat(totals).isEqualTo(runs[1].compute().totals());
          assertThat(runs[0].written()).isDeepEqualTo(runs[1].written());
          if (totals.hardCountedRows() > 0) {
            double counted = countsHard ? totals.hardCountedRows() : totals.countedRows();
            assertThat(isDivided(engine, scope, labels, countsHard ? 3 : counted, countsHard ? counted : 3,
                runs[0].written())).isTrue();
          }
        }
      }
    }
  }

  /** Whether gradients are those of a call with both denominators as numbers. */
  private boolean isDivided(LossEngine engine, IgnoreScope scope, int[] labels, double soft, double hard,
      double[][] gradients) {
    Run run = scoped(new Run(engine, DType.F32, true), scope);
    upload(run, labels);
    run.inputs = run.inputs.withSoftDenominator(Denominator.of(soft)).withHardDenominator(Denominator.of(hard));
    run.compute().totals();
    return Arrays.deepEquals(run.written(), gradients);
  }

  @ParameterizedTest
  @EnumSource(IgnoreScope.class)
  void aReplayWithAnInvalidLabelKeepsTheGradientsOfTheLastOne(IgnoreScope scope) {
    try (LossEngine engine = open(13)) {
      Run run = scoped(new Run(engine, DType.BF16, true), scope);
      DeviceBuffer soft = engine.allocate(4L * ROWS);
      LossOutputs outputs = run.outputs().withRowSoft(RowVector.lossesAt(soft.address(), ROWS));
      try (PreparedLoss prepared = engine.prepare(run.loss, run.inputs, outputs)) {
        prepared.recordGraph();
        prepared.launch();
        assertThat(prepared.totals().hardCountedRows()).isEqualTo(ROWS);
        float before = soft(soft);
        double[][] gradients = run.written();
        int[] labels = labels(0, 2);
        labels[ROWS - 1] = CLASSES;
        upload(run, labels);
        prepared.launch();
        assertThatThrownBy(prepared::totals).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("labels: row 8 has label 37");
        assertThat(soft(soft)).as("row values").isEqualTo(before).isNotZero();
        assertThat(run.written()).isDeepEqualTo(gradients);
        upload(run, labels(0, 2));
        prepared.launch();
        assertThat(prepared.totals().hardCountedRows()).isEqualTo(ROWS - 2);
        assertThat(soft(soft) == 0).isEqualTo(scope == IgnoreScope.BOTH);
        double[][] replayed = run.written();
        run.compute().totals();
        assertThat(run.written()).isDeepEqualTo(replayed);
      }
    }
  }

  private static float soft(DeviceBuffer rowLosses) {
    return StubDriver.at(rowLosses.address(), 4).get(JAVA_FLOAT, 0);
  }

  @Test
  void aGraphOfNoRowsWritesGradientsOfZero() {
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, DType.F32, true);
      LossInputs inputs = run.inputs.withStudent(run.inputs.student().rows(0, 0)).withTeacher(null)
          .withLabels(Objects.requireNonNull(run.labels).labels(ROWS, DType.I32).rows(0, 0));
      DistillationLoss hard = LOSS.toBuilder().softWeight(0).build();
      try (PreparedLoss prepared = engine.prepare(hard, inputs,
          LossOutputs.none().withWeightGradient(run.weightGradient))) {
        prepared.recordGraph();
        prepared.launch();
        assertThat(prepared.totals().total()).isZero();
        assertThat(run.read(run.weightGradient, CLASSES * FEATURES)).containsOnly(0);
      }
    }
  }

  @Test
  void aGraphOfTheStreamsOwnerCountsTheLabels() {
    try (BorrowedStream stream = new BorrowedStream(); LossEngine engine = open(stream)) {
      Run eager = new Run(engine, DType.F32, true);
      Run captured = new Run(engine, DType.F32, true);
      try (PreparedLoss prepared = engine.prepare(LOSS, captured.inputs, captured.outputs())) {
        prepared.recordGraph();
        try (BorrowedStream.Graph graph = stream.capture(prepared)) {
          for (int[] labels : new int[][] {labels(1, 2), labels(), labels(0, 1, 2, 3, 4, 5, 6, 7, 8)}) {
            upload(eager, labels);
            upload(captured, labels);
            graph.launch();
            LossTotals totals = prepared.totals();
            double[][] replayed = captured.written();
            assertThat(eager.compute().totals()).isEqualTo(totals);
            assertThat(replayed).isDeepEqualTo(eager.written());
          }
        }
      }
    }
  }

  private static Run scoped(Run run, IgnoreScope scope) {
    run.loss = LOSS.toBuilder().ignoreScope(scope).build();
    return run;
  }

  /** The labels of the batch, of which some are ignored. */
  private int[] labels(int... ignored) {
    int[] labels = batchLabels.clone();
    for (int row : ignored) {
      labels[row] = IGNORED;
    }
    return labels;
  }

  private static void upload(Run run, int[] labels) {
    Objects.requireNonNull(run.labels).upload(MemorySegment.ofArray(labels));
  }
}
