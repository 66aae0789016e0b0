package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.HostMatrix;
import dev.temper.LossArgumentException;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tests teachers whose integers and probabilities lie in device memory, where only the kernels check them. */
final class DeviceTeachersTest extends StubEngine {

  private static final int ROWS = CudaBatch.ROWS;
  private static final int CLASSES = CudaBatch.CLASSES;

  @Test
  void aClassMapIsCheckedInEveryReplay() {
    int[] map = IntStream.range(0, CLASSES).map(i -> i == 8 ? -1 : CLASSES - 1 - i).toArray();
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1);
        DeviceBuffer onDevice = engine.allocate(4 * CLASSES)) {
      onDevice.upload(MemorySegment.ofArray(map));
      LossInputs inputs = batch.inputs().withTeacher(Teacher.classMap(teacher(batch),
          onDevice.labels(CLASSES, DType.I32)));
      double expected = onHost(engine, batch, Teacher.classMap(HostMatrix.of(batch.teacher, ROWS, CLASSES),
          RowVector.labels(map)));
      try (PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, inputs, batch.outputs())) {
        prepared.recordGraph();
        for (int replay = 0; replay < 3; replay++) {
          prepared.launch();
          assertThat(prepared.totals().total()).isEqualTo(expected);
        }
        map[4] = map[9];
        onDevice.upload(MemorySegment.ofArray(map));
        assertRefused(prepared, "class_map: classes 4 and 9 both have column " + map[9]);
        map[4] = CLASSES;
        onDevice.upload(MemorySegment.ofArray(map));
        assertRefused(prepared, "class_map: class 4 has column 37");
        map[4] = CLASSES - 1 - 4;
        onDevice.upload(MemorySegment.ofArray(map));
        prepared.launch();
        assertThat(prepared.totals().total()).isEqualTo(expected);
      }
    }
  }

  @Test
  void aRowIndexIsCheckedInEveryLaunch() {
    int[] index = {4, 4, 0, 1, 3};
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1);
        DeviceBuffer onDevice = engine.allocate(4 * ROWS)) {
      onDevice.upload(MemorySegment.ofArray(index));
      LossInputs inputs = batch.inputs().withTeacher(Teacher.rowIndex(teacher(batch),
          onDevice.labels(ROWS, DType.I32)));
      double expected = onHost(engine, batch, Teacher.rowIndex(HostMatrix.of(batch.teacher, ROWS, CLASSES),
          RowVector.labels(index)));
      try (PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, inputs, batch.outputs())) {
        prepared.launch();
        assertThat(prepared.totals().total()).isEqualTo(expected);
        index[3] = 5;
        onDevice.upload(MemorySegment.ofArray(index));
        assertRefused(prepared, "teacher_row_index: row 3 has index 5, expected 0 to 4");
      }
    }
  }

  @Test
  void aRowWithAnotherMassIsNamed() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      float[] uniform = new float[ROWS * CLASSES];
      Arrays.fill(uniform, 1f / CLASSES);
      uniform[3 * CLASSES] += 0.5f;
      batch.teacherOnDevice.upload(MemorySegment.ofArray(uniform));
      LossInputs inputs = batch.inputs().withTeacher(Teacher.probabilities(teacher(batch)));
      try (PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, inputs, batch.outputs())) {
        assertRefused(prepared, "teacher: row 3 has the mass 1.5");
        uniform[3 * CLASSES] -= 0.5f;
        batch.teacherOnDevice.upload(MemorySegment.ofArray(uniform));
        prepared.launch();
        assertThat(prepared.totals().nonFiniteRows()).isZero();
      }
    }
  }

  private static void assertRefused(PreparedLoss prepared, String words) {
    prepared.launch();
    assertThatThrownBy(prepared::totals).isInstanceOf(LossArgumentException.class).hasMessageStartingWith(words);
  }

  private static MatrixView teacher(CudaBatch batch) {
    return batch.teacherOnDevice.matrix(ROWS, CLASSES, DType.F32);
  }

  private static double onHost(LossEngine engine, CudaBatch batch, Teacher teacher) {
    LossInputs inputs = LossInputs.of(HostMatrix.of(batch.student, ROWS, CLASSES)).withTeacher(teacher)
        .withLabels(RowVector.labels(batch.labels));
    LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(new float[ROWS * CLASSES], ROWS, CLASSES));
    return engine.forwardBackward(CudaBatch.LOSS, inputs, outputs).total();
  }
}
