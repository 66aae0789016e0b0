package dev.temper.cpu;

import dev.temper.Denominator;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.spi.LossCall;
import dev.temper.spi.MixedTeachers;
import dev.temper.spi.TeacherLists;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a call in the order of temper_cpu_loss. An absent tensor is NULL.
 *
 * @param segments {@link #COUNT} segments
 */
@SuppressWarnings("ArrayRecordComponent") // the array lives for one call
record TensorSegments(MemorySegment[] segments) {

  static final int COUNT = 29;

  static TensorSegments of(LossCall call) {
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    TeacherLists lists = call.teacherLists();
    Teacher teacher = call.usesTeacher() ? inputs.teacher() : null;
    MixedTeachers mixed = MixedTeachers.of(teacher);
    return new TensorSegments(new MemorySegment[] {
      segment(inputs.student()),
      call.usesTeacher() ? segment(call.teacherMatrix()) : MemorySegment.NULL,
      segment(outputs.gradient()),
      segment(inputs.labels()),
      segment(inputs.rowWeights()),
      segment(inputs.rowTemperatures()),
      segment(inputs.softDenominator()),
      segment(inputs.hardDenominator()),
      segment(outputs.row(RowOutput.SOFT)),
      segment(outputs.row(RowOutput.HARD)),
      segment(outputs.row(RowOutput.LABEL_LOG_PROB)),
      segment(outputs.row(RowOutput.STUDENT_ENTROPY)),
      segment(outputs.row(RowOutput.TEACHER_ENTROPY)),
      lists == null ? MemorySegment.NULL : segment(lists.ids().values()),
      lists == null ? MemorySegment.NULL : segment(lists.logTail()),
      segment(outputs.row(RowOutput.STUDENT_MASS)),
      segment(outputs.row(RowOutput.TEACHER_MASS)),
      teacher instanceof Teacher.RowIndex selected ? segment(selected.index()) : MemorySegment.NULL,
      teacher instanceof Teacher.ClassMap mapped ? segment(mapped.map()) : MemorySegment.NULL,
      segment(outputs.row(RowOutput.UNMAPPED_MASS)),
      segment(mixed.logits(0)),
      segment(mixed.logits(1)),
      segment(mixed.logits(2)),
      segment(mixed.logits(3)),
      segment(mixed.logits(4)),
      segment(mixed.logits(5)),
      segment(mixed.logits(6)),
      segment(mixed.logits(7)),
      segment(call.anyStatistics())
    });
  }

  static MemorySegment segment(@Nullable MatrixView matrix) {
    return matrix == null ? MemorySegment.NULL : ((HostMatrix) matrix).segment();
  }

  static MemorySegment segment(@Nullable RowVector vector) {
    return vector == null ? MemorySegment.NULL : ((RowVector.Host) vector).segment();
  }

  private static MemorySegment segment(@Nullable Denominator denominator) {
    return denominator instanceof Denominator.InMemory(RowVector vector) ? segment(vector) : MemorySegment.NULL;
  }
}
