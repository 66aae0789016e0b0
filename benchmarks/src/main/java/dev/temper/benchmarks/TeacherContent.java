package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.tools.bench.LogitBatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How a batch's teacher relates to its student. */
public enum TeacherContent {
  /** Logits that are independent of the student's. */
  OTHER,
  /**
   * The student's logits, every other one larger by 1e-3, or by the last bit in bf16 and f16: rows take the near-equal
   * path.
   */
  NEAR {
    @Override
    void write(MemorySegment student, MemorySegment teacher, DType dtype) {
      EQUAL.write(student, teacher, dtype);
      for (long i = 0; i < student.byteSize() / dtype.bytes(); i += 2) {
        if (dtype == DType.F32) {
          float logit = student.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          teacher.setAtIndex(ValueLayout.JAVA_FLOAT, i, logit + 1e-3f);
        } else {
          short logit = student.getAtIndex(ValueLayout.JAVA_SHORT, i);
          teacher.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (logit ^ 1));
        }
      }
    }
  },
  /** The student's logits: the first step of a distillation that starts from a copy. */
  EQUAL {
    @Override
    void write(MemorySegment student, MemorySegment teacher, DType dtype) {
      teacher.copyFrom(student);
    }
  };

  /** Replaces a batch's teacher. */
  void write(LogitBatch batch, DType dtype) {
    write(((HostMatrix) batch.student()).segment(), ((HostMatrix) batch.teacher()).segment(), dtype);
  }

  void write(MemorySegment student, MemorySegment teacher, DType dtype) {}
}
