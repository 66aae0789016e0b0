package dev.temper;

import static dev.temper.ListBatch.ROWS;
import static dev.temper.ListBatch.computed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Tests refusals and saved statistics of teachers that are given by lists, on each device. */
class ListTeacherCallsTest extends EachDevice {

  @Test
  void aMaskThatNoBlockHoldsIsRefused() {
    int classes = 2_000_000;
    LossInputs inputs = LossInputs.of(HostMatrix.of(new float[classes], 1, classes))
        .withTeacher(Teacher.topK(IdMatrix.of(new int[] {classes - 1}, 1, 1), HostMatrix.of(new float[] {-1}, 1, 1),
            Tail.BUCKET));
    DistillationLoss loss = DistillationLoss.builder().temperature(1).build();
    if (device.equals("emulator")) {
      assertThatThrownBy(() -> engine().forward(loss, inputs)).isInstanceOf(UnsupportedLossException.class)
          .hasMessageContainingAll("the mask of teacher lists of 2000000 classes", "shared memory", "the cpu device");
    } else {
      assertThat(engine().forward(loss, inputs).totals().soft()).isCloseTo(4.6796198, within(1e-5));
    }
  }

  @Test
  void theFirstInvalidListIsNamedAndNothingIsWritten() {
    ListBatch lists = new ListBatch(64, 8, DType.F32, 19);
    lists.ids[3 * 8 + 5] = lists.ids[3 * 8 + 1];
    lists.ids[4 * 8] = 64;
    float[] gradient = Batch.filled(ROWS * 64);
    float[] before = gradient.clone();
    LossInputs inputs = lists.inputs(lists.teacher(Tail.BUCKET));
    LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(gradient, ROWS, 64));
    ListBatch intact = new ListBatch(64, 8, DType.F32, 19);
    LossInputs valid = intact.inputs(intact.teacher(Tail.BUCKET));
    computed(engine(), DistillationLoss.builder().build(), valid,
        LossOutputs.gradient(HostMatrix.of(new float[ROWS * 64], ROWS, 64)));
    assertThatThrownBy(() -> engine().forwardBackward(DistillationLoss.builder().build(), inputs, outputs).totals())
        .isInstanceOf(LossArgumentException.class)
        .hasMessageContainingAll("teacher_ids: row 3 has id " + lists.ids[25], "slots 1 and 5");
    assertThat(gradient).isEqualTo(before);
    lists.ids[3 * 8 + 5] = -1;
    assertThatThrownBy(() -> engine().forwardBackward(DistillationLoss.builder().build(), inputs, outputs).totals())
        .hasMessageContainingAll("teacher_ids: row 4, slot 0 has id 64", "0 to 63");
    lists.ids[4 * 8] = -1;
    lists.logs[5 * 8 + 2] = 0.5f;
    assertThatThrownBy(() -> engine().forwardBackward(DistillationLoss.builder().build(), inputs, outputs).totals())
        .hasMessageContainingAll("teacher_log_probs: row 5 has the mass");
    assertThat(gradient).isEqualTo(before);
  }

  @Test
  void savedStatisticsGiveTheGradientOfOneCall() {
    ListBatch lists = new ListBatch(90, 8, DType.F32, 23);
    DistillationLoss loss = DistillationLoss.builder().temperature(2).hardWeight(0.5).build();
    LossInputs inputs = lists.inputs(lists.teacher(Tail.BUCKET));
    float[] together = new float[ROWS * 90];
    computed(engine(), loss, inputs, LossOutputs.gradient(HostMatrix.of(together, ROWS, 90)));
    float[] apart = new float[ROWS * 90];
    try (RowStatistics statistics = engine().allocateStatistics(ROWS)) {
      engine().forward(loss, inputs, LossOutputs.none().withStatistics(statistics)).totals();
      engine().backward(loss, inputs, statistics, LossOutputs.gradient(HostMatrix.of(apart, ROWS, 90)));
    }
    assertThat(apart).isEqualTo(together);
  }
}
