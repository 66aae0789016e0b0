package dev.temper.tools.train;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import java.lang.foreign.MemorySegment;

/** Some rows of a top-k teacher in host memory, copied in a given order. */
final class SelectedRows {

  private SelectedRows() {}

  /** Returns a teacher with the rows {@code rows[0]}, {@code rows[1]} and so on, and with the same tail. */
  static TopKTeacher of(TopKTeacher teacher, int... rows) {
    int k = teacher.ids().k();
    int[] ids = new int[rows.length * k];
    float[] logs = new float[rows.length * k];
    copy(((RowVector.Host) teacher.ids().values()).segment(), k, rows, MemorySegment.ofArray(ids));
    copy(((HostMatrix) teacher.logProbabilities()).segment(), k, rows, MemorySegment.ofArray(logs));
    TopKTeacher selected = Teacher.topK(IdMatrix.of(ids, rows.length, k), HostMatrix.of(logs, rows.length, k),
        teacher.tail());
    if (teacher.logTail() instanceof RowVector.Host tail) {
      float[] logTail = new float[rows.length];
      copy(tail.segment(), 1, rows, MemorySegment.ofArray(logTail));
      selected = selected.withLogTail(RowVector.weights(logTail));
    }
    if (teacher.temperature().isPresent()) {
      selected = selected.atTemperature(teacher.temperature().getAsDouble());
    }
    return teacher.classes().isPresent() ? selected.ofClasses(teacher.classes().getAsInt()) : selected;
  }

  private static void copy(MemorySegment from, int width, int[] rows, MemorySegment to) {
    long bytes = (long) width * DType.F32.bytes();
    for (int row = 0; row < rows.length; row++) {
      MemorySegment.copy(from, rows[row] * bytes, to, row * bytes, bytes);
    }
  }
}
