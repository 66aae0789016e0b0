package dev.temper.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowVector;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.TopKLists;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares chunks of hidden states with logits of all rows, for every kind of teacher. */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"reference", "cpu"})
class TeacherSliceTest {

  private static final int ROWS = 7;
  private static final int CLASSES = 5;
  private static final DistillationLoss LOSS = DistillationLoss.builder().temperature(2).build();

  /** One row of logits and of their gradient in each chunk. */
  private static final EngineOptions ONE_ROW = EngineOptions.defaults().withHeadWorkspace(1280 + 2 * 4 * CLASSES - 1);

  @Parameter String device = "";

  private final HeadBatch batch = HeadBatch.of(ROWS, DType.F32, 3);
  private final HostMatrix logits = part(batch.hidden);
  private final HostMatrix other = part(batch.teacherHidden);

  @Test
  void everyTeacherIsTakenInChunks() {
    try (LossEngine engine = LossEngine.open(device); LossEngine chunked = LossEngine.open(device, ONE_ROW)) {
      HostMatrix logs = HeadBatch.zeros(ROWS, CLASSES, DType.F32);
      engine.logSoftmax(other, 2, logs);
      HostMatrix probabilities = HeadBatch.zeros(ROWS, CLASSES, DType.F32);
      engine.softmax(other, probabilities);
      TopKLists lists = engine.topK(other, 3, 2);
      for (Teacher teacher : List.of(Teacher.logits(other), Teacher.logProbabilities(logs),
          Teacher.probabilities(probabilities), Teacher.mixture(List.of(other, logits), 0.25, 0.75),
          Teacher.rowIndex(other, RowVector.labels(6, 0, 0, 3, 2, 1, 5)),
          Teacher.classMap(other, RowVector.labels(4, -1, 0, 1, 2)), lists.teacher(Tail.BUCKET),
          Teacher.sampled(lists.ids(), probabilitiesOf(lists)))) {
        float[] expected = new float[ROWS];
        float[] found = new float[ROWS];
        HostMatrix gradient = HeadBatch.zeros(ROWS, CLASSES, DType.F32);
        HostMatrix byHidden = HeadBatch.zeros(ROWS, CLASSES, DType.F32);
        double total = engine.forwardBackward(LOSS, LossInputs.of(logits).withTeacher(teacher),
            LossOutputs.gradient(gradient).withRowSoft(RowVector.losses(expected))).total();
        LossInputs hidden = LossInputs.hidden(logits, identity()).withTeacher(teacher);
        LossOutputs outputs = LossOutputs.gradient(byHidden).withRowSoft(RowVector.losses(found));
        assertThat(chunked.forwardBackward(LOSS, hidden, outputs).total()).as(teacher.label())
            .isCloseTo(total, within(1e-6));
        assertThat(chunked.forwardBackward(LOSS, hidden, outputs).workspace().orElseThrow().chunks()).isEqualTo(ROWS);
        assertThat(found).as(teacher.label()).usingComparatorWithPrecision(1e-6f).containsExactly(expected);
        for (int row = 0; row < ROWS; row++) {
          for (int i = 0; i < CLASSES; i++) {
            assertThat(HeadBatch.get(byHidden, row, i)).as(teacher.label())
                .isCloseTo(HeadBatch.get(gradient, row, i), within(1e-6));
          }
        }
      }
    }
  }

  @Test
  void anInvalidProbabilityOfALaterChunkIsNamed() {
    HostMatrix probabilities = HeadBatch.zeros(ROWS, CLASSES, DType.F32);
    for (int row = 0; row < ROWS; row++) {
      HeadBatch.set(probabilities, row, 0, row == 4 ? 0.5 : 1);
    }
    HostMatrix byHidden = HeadBatch.zeros(ROWS, CLASSES, DType.F32);
    try (LossEngine chunked = LossEngine.open(device, ONE_ROW)) {
      assertThatThrownBy(() -> chunked.forwardBackward(LOSS, LossInputs.hidden(logits, identity())
          .withTeacher(Teacher.probabilities(probabilities)), LossOutputs.gradient(byHidden)))
          .hasMessageContainingAll("the chunk from row 4 on", "row 0 has the mass 0.5");
      assertThat(HeadBatch.get(byHidden, 4, 1)).isNaN();
      assertThat(HeadBatch.get(byHidden, 6, 1)).isNotZero().isNotNaN();
    }
  }

  private static HostMatrix probabilitiesOf(TopKLists lists) {
    HostMatrix logs = (HostMatrix) lists.logProbabilities();
    HostMatrix weights = HeadBatch.zeros(ROWS, logs.classes(), DType.F32);
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < logs.classes(); i++) {
        HeadBatch.set(weights, row, i, Math.exp(HeadBatch.get(logs, row, i)));
      }
    }
    return weights;
  }

  private static LinearHead identity() {
    HostMatrix weight = HeadBatch.zeros(CLASSES, CLASSES, DType.F32);
    for (int i = 0; i < CLASSES; i++) {
      HeadBatch.set(weight, i, i, 1);
    }
    return LinearHead.of(weight);
  }

  /** The first columns of a matrix. */
  private static HostMatrix part(HostMatrix matrix) {
    HostMatrix copy = HeadBatch.zeros(ROWS, CLASSES, DType.F32);
    new HostMatrix(matrix.segment(), ROWS, CLASSES, matrix.rowStride(), DType.F32).copyTo(copy);
    return copy;
  }
}
