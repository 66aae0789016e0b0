// Where a row stays between the sweeps over it. Every thread of a team keeps its own groups of columns, and only these: no
// other thread ever reads them, so that no barrier guards the data.
//   start(grouping)         asks for the row
//   wait()                  waits until it is there
//   for_each(grouping, f)   f(group, first column) for each of the thread's groups, in the same order every time
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
        student(student_base, student_element, -overhang, classes),
        teacher(teacher_base, teacher_element, -overhang, classes) {}

  __device__ __forceinline__ int column(int group) const { return group * K - overhang; }

  __device__ __forceinline__ G load(int group) const {
    G loaded;
    loaded.student = student.load(column(group), kStudentFill);
    if constexpr (TEACHER) loaded.teacher = teacher.load(column(group), kTeacherFill);
    return loaded;
  }
};

// Up to GROUPS groups in each thread's registers: for short rows. Sixteen logits per thread and tensor were seen to spill
// (ptxas 13.0): keep to eight, and give longer rows to SharedRow, whose sweeps are loops.
template <int GROUPS> struct RegisterRow {
  static constexpr bool kHeld = true;   // the maximum can be had before the first exponential, at no traffic

  template <class R, class Team> struct Of {
    typename R::G kept[GROUPS];
    __device__ __forceinline__ Of(Team&, int) {}

    __device__ __forceinline__ void start(const R& row, const Team& team) {
#pragma unroll
      for (int i = 0; i < GROUPS; i++) {
        kept[i].student = R::G::Student::filled(R::kStudentFill);
        kept[i].teacher = R::G::Teacher::filled(R::kTeacherFill);
        int group = int(team.index) + i * int(team.size());
        if (group < row.groups) kept[i] = row.load(group);
      }
    }
    __device__ __forceinline__ void wait() {}

    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, F f) {
#pragma unroll
      for (int i = 0; i < GROUPS; i++) {
        kept[i].keep_packed();
        f(kept[i], row.column(int(team.index) + i * int(team.size())));
      }
    }
  };
};

// In the shared memory of the block (of all blocks of a cluster), also for teams of a few lanes: slots of one vector per thread, so that neighbouring
// threads touch neighbouring banks. Needs shared_row_bytes().
struct SharedRow {
  static constexpr bool kHeld = true;

  template <class R, class Team> struct Of {
    using Student = typename R::G::Student;
    using Teacher = typename R::G::Teacher;
    unsigned char* student_slots;
    unsigned char* teacher_slots;

    __device__ __forceinline__ Of(Team&, int classes)
        : student_slots(dynamic_shared() + Team::kScratchBytes + threadIdx.x * 16),
          teacher_slots(student_slots + slots(classes) * Team::kThreads * kSlotBytes<Student>) {}

    __device__ __forceinline__ static int slots(int classes) {
      int most_groups = (classes + 2 * (R::K - 1)) / R::K;
      return (most_groups + int(Team::size()) - 1) / int(Team::size());
    }
    // 8-byte packs take 16-byte slots too: half of it unused, one layout for all.
    template <class P> static constexpr int kSlotBytes = P::kBytes < 16 ? 16 : P::kBytes;

    // From one of a thread's slots to its next one; the threads' vectors lie side by side.
    template <class P> static constexpr int kSlotStep = Team::kThreads * kSlotBytes<P>;

    template <class P> __device__ __forceinline__ static unsigned char* vector(unsigned char* slot, int v) {
      return slot + v * (Team::kThreads * 16);
    }

    template <class View>
    __device__ __forceinline__ static void bring(const View& view, int column, typename View::Bits fill, unsigned char* slot) {
      using P = typename View::P;
      constexpr int kPiece = P::kBytes < 16 ? P::kBytes : 16;
      if (view.whole(column)) {
        const unsigned char* from = reinterpret_cast<const unsigned char*>(view.start + column);
#pragma unroll
        for (int v = 0; v < P::kBytes / kPiece; v++) async_copy<kPiece>(vector<P>(slot, v), from + 16 * v);
      } else {
        P pack = view.load_edge(column, fill);
#pragma unroll
        for (int w = 0; w < P::kWords; w++) reinterpret_cast<uint32_t*>(vector<P>(slot, w / 4))[w % 4] = pack.words[w];
      }
    }

    __device__ __forceinline__ void start(const R& row, const Team& team) {
      unsigned char *student = student_slots, *teacher = teacher_slots;
      for (int group = int(team.index); group < row.groups; group += int(team.size())) {
        bring(row.student, row.column(group), R::kStudentFill, student);
        if constexpr (R::G::kTeacher) bring(row.teacher, row.column(group), R::kTeacherFill, teacher);
        student += kSlotStep<Student>;
        teacher += kSlotStep<Teacher>;
      }
    }

    __device__ __forceinline__ void wait() {
      async_wait();
    }

    template <class P> __device__ __forceinline__ static void fetch(P& pack, unsigned char* slot) {
      if constexpr (P::kWords == 2) {
        const uint2 two = *reinterpret_cast<const uint2*>(vector<P>(slot, 0));
        pack.words[0] = two.x;
        pack.words[1] = two.y;
      } else {
#pragma unroll
        for (int w = 0; w < P::kWords; w += 4) {
          const uint4 four = *reinterpret_cast<const uint4*>(vector<P>(slot, w / 4));
          pack.words[w] = four.x;
          pack.words[w + 1] = four.y;
          pack.words[w + 2] = four.z;
          pack.words[w + 3] = four.w;
        }
      }
    }

    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, F f) {
      unsigned char *student = student_slots, *teacher = teacher_slots;
      for (int group = int(team.index); group < row.groups; group += int(team.size())) {
        typename R::G kept;
        fetch(kept.student, student);
        if constexpr (R::G::kTeacher) fetch(kept.teacher, teacher);
        f(kept, row.column(group));
        student += kSlotStep<Student>;
        teacher += kSlotStep<Teacher>;
      }
    }
  };
};

// Nowhere: each sweep reads the row again, from the second time on out of L2.
struct StreamRow {
  static constexpr bool kHeld = false;

  template <class R, class Team> struct Of {
    __device__ __forceinline__ Of(Team&, int) {}
    __device__ __forceinline__ void start(const R&, const Team&) {}
    __device__ __forceinline__ void wait() {}

    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, F f) {
      for (int group = int(team.index); group < row.groups; group += int(team.size())) f(row.load(group), row.column(group));
    }
  };
};

}  // namespace temper
