// A row of both tensors, cut into groups of columns that are accessed as vectors where they lie in the row as a whole.
#pragma once

#include "row_view.cuh"

namespace temper {

// K columns of both tensors. TEACHER = false: the second one is neither read nor kept.
template <class StudentType, class TeacherType, bool TEACHER, int COLUMNS = kElementsPerVector<StudentType>> struct Group {
  static constexpr int K = COLUMNS;
  static constexpr bool kTeacher = TEACHER;
  using Student = Pack<StudentType, K>;
  using Teacher = Pack<TeacherType, K>;
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

  // Takes the first N columns away: for code that is too long to stand K times in a row.
  template <int N> __device__ __forceinline__ Group<StudentType, TeacherType, TEACHER, N> take() {
    Group<StudentType, TeacherType, TEACHER, N> first;
    first.student = student.template exchange<N>({});
    if constexpr (TEACHER) first.teacher = teacher.template exchange<N>({});
    return first;
  }

  __device__ __forceinline__ void keep_packed() {
    student.keep_packed();
    if constexpr (TEACHER) teacher.keep_packed();
  }
};

// Groups [first, end): those at which a sweep need not look for the row's ends.
struct Interior {
  int first = 0, end = 0;

  __device__ __forceinline__ bool has(int group) const { return group >= first && group < end; }
};

// A row cut into groups, shared by the sweeps. Columns outside the row read as -inf: absent classes, which count for nothing
// anywhere. (The second tensor of log-softmax backward is a gradient: there the fill is 0.)
template <class StudentType, class TeacherType, bool TEACHER, bool TEACHER_IS_GRADIENT = false> struct Grouping {
  using G = Group<StudentType, TeacherType, TEACHER>;
  static constexpr int K = G::K;
  static constexpr auto kStudentFill = StudentType::kMinusInfinity;
  static constexpr typename TeacherType::Bits kTeacherFill = TEACHER_IS_GRADIENT ? 0 : TeacherType::kMinusInfinity;
  int overhang, classes, groups;
  RowView<StudentType, K> student;
  RowView<TeacherType, K> teacher;

  __device__ __forceinline__ Grouping(const void* student_base, int64_t student_element, const void* teacher_base,
                                      int64_t teacher_element, int classes)
      : overhang(temper::overhang<StudentType, K>(student_base, student_element)),
        classes(classes),
        groups((overhang + classes + K - 1) / K),
        student(student_base, student_element, overhang, classes),
        teacher(teacher_base, teacher_element, overhang, classes) {}

  __device__ __forceinline__ int column(int group) const { return group * K - overhang; }
  __device__ __forceinline__ int group_of(int column) const { return (column + overhang) / K; }

  // The groups without a column outside the row. The student is aligned: its whole groups are these.
  __device__ __forceinline__ Interior interior() const { return {student.first_whole, student.first_whole + student.wholes}; }

  // Whether all of the interior can be copied as vectors.
  __device__ __forceinline__ bool copied_whole() const { return !TEACHER || teacher.wholes == student.wholes; }

  __device__ __forceinline__ G load(int group) const {
    G loaded;
    loaded.student = student.load(group, kStudentFill);
    if constexpr (TEACHER) loaded.teacher = teacher.load(group, kTeacherFill);
    return loaded;
  }
};

}  // namespace temper
