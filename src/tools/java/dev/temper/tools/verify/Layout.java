package dev.temper.tools.verify;

import dev.temper.DType;

/**
 * Shapes, dtypes and addresses of a case's tensors.
 *
 * @param rows number of rows
 * @param classes number of classes without padding
 * @param studentPadding columns of padding of the student
 * @param teacherPadding columns of padding of the teacher
 * @param rowGap elements between the end of a row and the beginning of the next
 * @param offset elements between an address that is a multiple of 16 and the first element
 * @param oddBytes further bytes before the first element; 1 makes every access misaligned
 * @param tailGuard whether guard bytes follow the last element; otherwise the allocation ends there
 */
record Layout(
    int rows,
    int classes,
    int studentPadding,
    int teacherPadding,
    int rowGap,
    int offset,
    int oddBytes,
    boolean tailGuard,
    DType student,
    DType teacher,
    DType gradient,
    DType labels) {

  static Layout of(int rows, int classes) {
    return new Layout(rows, classes, 0, 0, 0, 0, 0, false, DType.F32, DType.F32, DType.F32, DType.I64);
  }

  Layout dtypes(DType ofStudent, DType ofTeacher, DType ofGradient) {
    return new Layout(rows, classes, studentPadding, teacherPadding, rowGap, offset, oddBytes, tailGuard, ofStudent,
        ofTeacher, ofGradient, labels);
  }

  Layout labels(DType dtype) {
    return new Layout(rows, classes, studentPadding, teacherPadding, rowGap, offset, oddBytes, tailGuard, student,
        teacher, gradient, dtype);
  }

  Layout padded(int ofStudent, int ofTeacher) {
    return new Layout(rows, classes, ofStudent, ofTeacher, rowGap, offset, oddBytes, tailGuard, student, teacher,
        gradient, labels);
  }

  Layout placed(int gap, int elements, int bytes, boolean guard) {
    return new Layout(rows, classes, studentPadding, teacherPadding, gap, elements, bytes, guard, student, teacher,
        gradient, labels);
  }

  Layout rows(int count) {
    return new Layout(count, classes, studentPadding, teacherPadding, rowGap, offset, oddBytes, tailGuard, student,
        teacher, gradient, labels);
  }

  int studentColumns() {
    return classes + studentPadding;
  }

  int teacherColumns() {
    return classes + teacherPadding;
  }

  boolean isPadded() {
    return studentPadding > 0 || teacherPadding > 0;
  }

  int offsetBytes(DType dtype) {
    return offset * dtype.bytes() + oddBytes;
  }
}
