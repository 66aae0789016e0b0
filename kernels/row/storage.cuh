// Where a row stays between the sweeps over it. Every thread of a team keeps its own groups of columns, and only these: no
// other thread ever reads them, so that no barrier guards the data.
//   start(grouping)         asks for the row
//   wait()                  waits until it is there
//   for_each(grouping, f)   f(group, number, inside) for each of the thread's groups, in the same order every time
//   for_each(grouping, interior, f)   ditto; `inside` tells what belongs to the interior
//   for_each(grouping, interior, f, next, take)   ditto; where `take` says so, and only where kTakesNext, the interior of row `next`
//                           is asked for in the place of this one's, group by group as they are fetched; start(next, interior)
//                           then asks for the rest
//   find(grouping, number, f)   f(group) in the thread that has it
#pragma once

#include "grouping.cuh"

namespace temper {

// Up to GROUPS groups in each thread's registers: for short rows. Sixteen logits per thread and tensor were seen to spill
// (ptxas 13.0): keep to eight, and give longer rows to SharedRow, whose sweeps are loops.
template <int GROUPS> struct RegisterRow {
  static constexpr bool kHeld = true;   // the maximum can be had before the first exponential, at no traffic
  static constexpr bool kTakesNext = false;

  template <class R, class Team> struct Of {
    typename R::G kept[GROUPS];
    __device__ __forceinline__ Of(Team&, int) {}

    __device__ __forceinline__ void start(const R& row, const Team& team, Interior = Interior()) {
#pragma unroll
      for (int i = 0; i < GROUPS; i++) {
        kept[i].student = R::G::Student::filled(R::kStudentFill);
        kept[i].teacher = R::G::Teacher::filled(R::kTeacherFill);
        if (number(team, i) < row.groups) kept[i] = row.load(number(team, i));
      }
    }
    __device__ __forceinline__ void wait() {}

    __device__ __forceinline__ static int number(const Team& team, int i) { return int(team.index) + i * int(team.size()); }

    template <class F>
    __device__ __forceinline__ void for_each(const R&, const Team& team, Interior interior, F f, const R&, bool) {
#pragma unroll
      for (int i = 0; i < GROUPS; i++) {
        kept[i].keep_packed();
        f(kept[i], number(team, i), interior.has(number(team, i)));
      }
    }

    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, Interior interior, F f) {
      for_each(row, team, interior, f, row, false);
    }
    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, F f) {
      for_each(row, team, Interior(), f);
    }

    template <class F> __device__ __forceinline__ void find(const R&, const Team& team, int wanted, F f) {
#pragma unroll
      for (int i = 0; i < GROUPS; i++)
        if (number(team, i) == wanted) f(kept[i]);
    }
  };
};

// In the shared memory of the block (of all blocks of a cluster), also for teams of a few lanes: slots of one vector per thread, so
// that neighbouring threads touch neighbouring banks. RowPlan.sharedBytes tells how much that takes.
struct SharedRow {
  static constexpr bool kHeld = true;
  static constexpr bool kTakesNext = true;

  template <class R, class Team> struct Of {
    using Student = typename R::G::Student;
    using Teacher = typename R::G::Teacher;

    // A thread's slot: one vector of the student, those of the teacher; the threads' vectors lie side by side. 8-byte packs take
    // 16 bytes too: half of it unused, one layout for all.
    template <class P> static constexpr int kVectors = P::kBytes < 16 ? 1 : P::kBytes / 16;
    template <class P> static constexpr int kPiece = P::kBytes < 16 ? P::kBytes : 16;
    static constexpr int kVectorStep = Team::kThreads * 16;
    static constexpr int kTeacher = kVectorStep * kVectors<Student>;
    static constexpr int kSlotStep = kTeacher + (R::G::kTeacher ? kVectorStep * kVectors<Teacher> : 0);

    unsigned char* slots;   // the thread's first

    __device__ __forceinline__ Of(Team&, int) : slots(dynamic_shared() + Team::kScratchBytes + threadIdx.x * 16) {}

    template <class View> __device__ __forceinline__ static void copy(const View& view, int group, unsigned char* slot) {
      using P = typename View::P;
      const unsigned char* from = reinterpret_cast<const unsigned char*>(view.at(group));
#pragma unroll
      for (int v = 0; v < kVectors<P>; v++) async_copy<kPiece<P>>(slot + v * kVectorStep, from + 16 * v);
    }

    template <class View>
    __device__ __forceinline__ static void bring(const View& view, int group, typename View::Bits fill, unsigned char* slot) {
      if (view.whole(group)) {
        copy(view, group, slot);
      } else {
        auto pack = view.load_edge(group, fill);
#pragma unroll
        for (int w = 0; w < View::P::kWords; w++) reinterpret_cast<uint32_t*>(slot + w / 4 * kVectorStep)[w % 4] = pack.words[w];
      }
    }

    __device__ __forceinline__ static void copy(const R& row, int group, unsigned char* slot) {
      copy(row.student, group, slot);
      if constexpr (R::G::kTeacher) copy(row.teacher, group, slot + kTeacher);
    }

    __device__ __forceinline__ static void bring(const R& row, int group, unsigned char* slot) {
      bring(row.student, group, R::kStudentFill, slot);
      if constexpr (R::G::kTeacher) bring(row.teacher, group, R::kTeacherFill, slot + kTeacher);
    }

    template <class P> __device__ __forceinline__ static void fetch(P& pack, const unsigned char* slot) {
      if constexpr (P::kWords == 2) {
        const uint2 two = *reinterpret_cast<const uint2*>(slot);
        pack.words[0] = two.x;
        pack.words[1] = two.y;
      } else {
#pragma unroll
        for (int w = 0; w < P::kWords; w += 4) {
          const uint4 four = *reinterpret_cast<const uint4*>(slot + w / 4 * kVectorStep);
          pack.words[w] = four.x;
          pack.words[w + 1] = four.y;
          pack.words[w + 2] = four.z;
          pack.words[w + 3] = four.w;
        }
      }
    }

    __device__ __forceinline__ static typename R::G fetch(const unsigned char* slot) {
      typename R::G group;
      fetch(group.student, slot);
      if constexpr (R::G::kTeacher) fetch(group.teacher, slot + kTeacher);
      return group;
    }

    __device__ __forceinline__ unsigned char* slot_of(int group) const { return slots + group / int(Team::size()) * kSlotStep; }

    // Through the thread's groups.
    struct Walk {
      int group;
      unsigned char* slot;

      __device__ __forceinline__ void step() {
        group += int(Team::size());
        slot += kSlotStep;
      }
    };

    // What is there of the interior need not be asked for any more.
    __device__ __forceinline__ void start(const R& row, const Team& team, Interior there = Interior()) {
      Interior interior = there;
      if (there.end == 0 && row.copied_whole()) {
        interior = row.interior();
        walk_inside(team, interior, [&](int group, unsigned char* slot) { copy(row, group, slot); });
      }
      walk_others(row, team, interior, [&](int group, unsigned char* slot) { bring(row, group, slot); });
    }

    __device__ __forceinline__ void wait() { async_wait(); }

    template <class F>
    __device__ __forceinline__ void for_each(const R& row, const Team& team, Interior interior, F f, const R& next, bool take_next) {
      walk_inside(team, interior, [&](int number, unsigned char* slot) {
        typename R::G group = fetch(slot);
        if (take_next) copy(next, number, slot);
        f(group, number, true);
      });
      walk_others(row, team, interior, [&](int number, unsigned char* slot) { f(fetch(slot), number, false); });
    }

    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, Interior interior, F f) {
      for_each(row, team, interior, f, row, false);
    }

    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, F f) {
      for (Walk at = {int(team.index), slots}; at.group < row.groups; at.step()) f(fetch(at.slot), at.group, false);
    }

    template <class F> __device__ __forceinline__ void find(const R&, const Team& team, int wanted, F f) {
      if (unsigned(wanted) % Team::size() == team.index) f(fetch(slot_of(wanted)));
    }

   private:
    template <class F> __device__ __forceinline__ void walk_inside(const Team& team, Interior interior, F f) {
      Walk at = {int(team.index), slots};
      if (at.group < interior.first) at.step();
      for (; at.group < interior.end; at.step()) f(at.group, at.slot);
    }

    // What the interior leaves: one group at each end at most, or all.
    template <class F> __device__ __forceinline__ void walk_others(const R& row, const Team& team, Interior interior, F f) {
      int step = int(Team::size()), first = int(team.index);
      int behind = interior.end > first ? (interior.end - first + step - 1) / step * step + first : first;
#pragma unroll 1
      for (int group = first < interior.first ? first : behind; group < row.groups; group = group < behind ? behind : group + step)
        f(group, slot_of(group));
    }
  };
};

// Nowhere: each sweep reads the row again, from the second time on out of L2.
struct StreamRow {
  static constexpr bool kHeld = false;
  static constexpr bool kTakesNext = false;

  template <class R, class Team> struct Of {
    __device__ __forceinline__ Of(Team&, int) {}
    __device__ __forceinline__ void start(const R&, const Team&, Interior = Interior()) {}
    __device__ __forceinline__ void wait() {}

    template <class F>
    __device__ __forceinline__ void for_each(const R& row, const Team& team, Interior interior, F f, const R&, bool) {
      for (int group = int(team.index); group < row.groups; group += int(team.size())) f(row.load(group), group, interior.has(group));
    }

    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, Interior interior, F f) {
      for_each(row, team, interior, f, row, false);
    }
    template <class F> __device__ __forceinline__ void for_each(const R& row, const Team& team, F f) {
      for_each(row, team, Interior(), f);
    }
  };
};

}  // namespace temper
