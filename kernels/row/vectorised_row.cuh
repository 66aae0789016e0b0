// A row of two tensors, cut into vectors at the same columns.
#pragma once

#include "row_view.cuh"

namespace temper {

// The same K columns of both tensors. With TEACHER = false the second tensor is neither loaded nor kept in registers.
template <class StudentType, class TeacherType, bool TEACHER, int COLUMNS = kElementsPer16Bytes<StudentType>>
struct VectorPair {
  static constexpr int K = COLUMNS;
  static constexpr bool kTeacher = TEACHER;
  using Student = Vector<StudentType, K>;
  using Teacher = Vector<TeacherType, K>;
  Student student;
  Teacher teacher;

  __device__ __forceinline__ void unpack(float (&z)[K], float (&u)[K]) const {
    student.unpack(z);
    if constexpr (TEACHER)
      teacher.unpack(u);
    else
#pragma unroll
      for (int k = 0; k < K; k++) u[k] = 0;
  }

  // Removes the first N columns and returns them, for code that is too long to be unrolled K times.
  template <int N> __device__ __forceinline__ VectorPair<StudentType, TeacherType, TEACHER, N> pop_front() {
    VectorPair<StudentType, TeacherType, TEACHER, N> front;
    front.student = student.template pop_front<N>();
    if constexpr (TEACHER) front.teacher = teacher.template pop_front<N>();
    return front;
  }

  __device__ __forceinline__ void keep_packed() {
    student.keep_packed();
    if constexpr (TEACHER) teacher.keep_packed();
  }
};

// Student and teacher of one row. Elements outside the row read as -inf, a class with probability 0. In the backward
// pass of log-softmax the second tensor is a gradient, and its elements outside the row read as 0.
template <class StudentType, class TeacherType, bool TEACHER, bool TEACHER_IS_GRADIENT = false> struct VectorisedRow {
  using Pair = VectorPair<StudentType, TeacherType, TEACHER>;
  static constexpr int K = Pair::K;
  static constexpr auto kStudentFill = StudentType::kMinusInfinity;
  static constexpr typename TeacherType::Bits kTeacherFill = TEACHER_IS_GRADIENT ? 0 : TeacherType::kMinusInfinity;
  int misalignment, classes, vectors;
  RowView<StudentType, K> student;
  RowView<TeacherType, K> teacher;

  __device__ __forceinline__ VectorisedRow(const void* student_base, int64_t student_element, const void* teacher_base,
                                           int64_t teacher_element, int classes)
      : misalignment(temper::misalignment<StudentType, K>(student_base, student_element)),
        classes(classes),
        vectors(vectors_of(misalignment, classes)),
        student(student_base, student_element, misalignment, classes),
        teacher(teacher_base, teacher_element, misalignment, classes) {}

  // The row of a consumer of a ring, which reads no tensor. The views stay unset.
  __device__ __forceinline__ VectorisedRow(int misalignment, int classes)
      : misalignment(misalignment), classes(classes), vectors(vectors_of(misalignment, classes)) {}

  __device__ __forceinline__ int column(int vector) const { return vector * K - misalignment; }
  __device__ __forceinline__ int vector_of(int column) const { return int(unsigned(column + misalignment) / K); }

  // The vectors that lie entirely inside the row, which are the student's aligned vectors.
  __device__ __forceinline__ VectorRange in_bounds() const {
    return {student.first_aligned, student.first_aligned + student.aligned_count};
  }

  // Returns whether all vectors in bounds are aligned in the teacher too, as asynchronous copies require.
  __device__ __forceinline__ bool can_copy_async() const {
    return !TEACHER || teacher.aligned_count == student.aligned_count;
  }

  // The vector must be in bounds, and can_copy_async() must hold.
  __device__ __forceinline__ Pair load_aligned(int vector) const {
    Pair loaded;
    load_words(student.address(vector), loaded.student.words);
    if constexpr (TEACHER) load_words(teacher.address(vector), loaded.teacher.words);
    return loaded;
  }

  // The addresses of a vector in both tensors. Vectors at fixed distances are addressed relative to them.
  struct Place {
    const typename StudentType::Bits* student;
    const typename TeacherType::Bits* teacher;
  };
  __device__ __forceinline__ Place place(int vector) const {
    Place at = {student.address(vector), TEACHER ? teacher.address(vector) : nullptr};
    keep_address(at.student);
    if constexpr (TEACHER) keep_address(at.teacher);
    return at;
  }
  // Loads the vector `further` vectors after a place. The conditions are those of load_aligned(vector).
  __device__ __forceinline__ static Pair load_aligned(const Place& at, int further) {
    Pair loaded;
    load_words(at.student + further * K, loaded.student.words);
    if constexpr (TEACHER) load_words(at.teacher + further * K, loaded.teacher.words);
    return loaded;
  }

  __device__ __forceinline__ Pair load(int vector) const {
    Pair loaded;
    loaded.student = student.load(vector, kStudentFill);
    if constexpr (TEACHER) loaded.teacher = teacher.load(vector, kTeacherFill);
    return loaded;
  }

 private:
  __device__ __forceinline__ static int vectors_of(int misalignment, int classes) {
    return int(unsigned(misalignment + classes + K - 1) / K);
  }
};

}  // namespace temper
