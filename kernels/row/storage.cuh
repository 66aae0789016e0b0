// Row storage: where a row is kept between the sweeps over it. Each thread of the group owns some vectors and accesses
// only these. In all kinds but the ring these are every size()-th vector, and the thread loads them itself, so that the
// data needs no barrier. Every kind of storage states
//   kOnChip                      whether a sweep costs no memory traffic
//   kPrefetches                  whether the last sweep over a row can issue the loads of the next row
//   kKept                        vectors of a thread whose exponentials may be kept in registers for the gradient
//   kInRegisters                 whether the maxima can be found before the sums without reading the row twice
//   kProducers                   threads of a block that only load rows
// and has an Instance with
//   kStep                        distance of the vectors that for_each_several() passes together
//   load(row, group, in_flight)  issues the loads of the row, except for the vectors that a prefetch has in flight
//   wait()                       waits for the calling thread's loads
//   for_each(row, group, f)      calls f(pair, vector) for each of the thread's vectors
//   for_each_several(row, group, f)  calls f(pairs, vector, in_bounds) for N of the thread's vectors at a time:
//                                vector, vector + kStep, ...; with in_bounds = true none of them has a column outside
//                                the row
//   for_each_again(row, group, f)  like for_each, for long code that must not be unrolled; RegisterStorage reads the
//                                row from memory again, because registers cannot be indexed in a loop
//   for_each(row, group, range, label_vector, f, next, prefetch)  calls f(pair, vector, in_bounds, has_label), with
//                                in_bounds = true for the vectors in `range`, and has_label = true for label_vector;
//                                also issues the loads of row `next`, if `prefetch` and kPrefetches: each vector in
//                                `range` is loaded into the place of the vector just read; `next` must have the
//                                misalignment of `row` and allow asynchronous copies; this is the last sweep over a row
//   owner(row, group, vector)    the rank of the thread that has the vector; -1 in a ring, if another thread has it
//   visit(row, group, vector, f) calls f(pair) in the thread that owns the vector; only with kOnChip
// The functions load() and wait() do not exist in a ring, because its producer warp loads the rows.
#pragma once

#include "vectorised_row.cuh"

namespace temper {

// Storage in the registers of the thread, for short rows: VECTORS vectors of each tensor.
template <int VECTORS> struct RegisterStorage {
  static constexpr bool kOnChip = true;
  static constexpr bool kPrefetches = false;
  static constexpr bool kInRegisters = true;
  // Exponentials are not kept from compute capability 10.0 on, where the assembler would need 168 registers instead of
  // 128 for them, so that fewer blocks would be resident.
#if __CUDA_ARCH__ >= 1000
  static constexpr int kKept = 0;
#else
  static constexpr int kKept = VECTORS;
#endif
  static constexpr int kProducers = 0;

  template <class Row, class ThreadGroup> struct Instance {
    using Pair = typename Row::Pair;
    static constexpr int kStep = int(ThreadGroup::size());
    Pair pairs[VECTORS];
    __device__ __forceinline__ Instance() {}

    __device__ __forceinline__ void load(const Row& row, const ThreadGroup& group, VectorRange = VectorRange()) {
      VectorRange aligned = row.can_copy_async() ? row.in_bounds() : VectorRange();
      // In most rows only the last of a thread's vectors can lie outside the aligned vectors, so that the others need
      // no fill.
      constexpr int kFirst = VECTORS - 1;
      const typename Row::Place at = row.place(vector(group, 0));
      if (kFirst > 0 && aligned.contains(vector(group, 0)) && aligned.contains(vector(group, kFirst - 1))) {
#pragma unroll
        for (int i = 0; i < kFirst; i++) pairs[i] = Row::load_aligned(at, i * kStep);
        load_or_fill(at, kFirst, aligned.contains(vector(group, kFirst)));
      } else {
#pragma unroll
        for (int i = 0; i < VECTORS; i++) load_or_fill(at, i, aligned.contains(vector(group, i)));
      }
      if (aligned.first == 0 && aligned.end == row.vectors) return;
#pragma unroll
      for (int i = 0; i < VECTORS; i++)
        if (vector(group, i) < row.vectors && !aligned.contains(vector(group, i)))
          pairs[i] = row.load(vector(group, i));
    }
    __device__ __forceinline__ void wait() {}

    template <class F> __device__ __forceinline__ void for_each(const Row&, const ThreadGroup& group, F f) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++) {
        pairs[i].keep_packed();
        f(pairs[i], vector(group, i));
      }
    }

    // The largest words of all vectors (Vector::high_word()).
    __device__ __forceinline__ void find_high_words(uint32_t& student, uint32_t& teacher) const {
      student = pairs[0].student.high_word();
      teacher = pairs[0].teacher.high_word();
#pragma unroll
      for (int i = 1; i < VECTORS; i++) {
        student = pairs[i].student.high_word(student);
        teacher = pairs[i].teacher.high_word(teacher);
      }
    }

    // Passes the first KEPT vectors, one by one, to f.keep<false>(pairs, i) with the number of the vector.
    template <int KEPT, class F> __device__ __forceinline__ void keep(F f) {
#pragma unroll
      for (int i = 0; i < KEPT; i++) {
        pairs[i].keep_packed();
        const Pair one[1] = {pairs[i]};
        f.template keep<false>(one, i);
      }
    }

    // Like for_each_several(), but leaves out the kept vectors.
    template <int KEPT, class F>
    __device__ __forceinline__ void for_each_several_but_kept(const ThreadGroup& group, F f) {
#pragma unroll
      for (int i = KEPT; i < VECTORS; i++) {
        pairs[i].keep_packed();
        const Pair one[1] = {pairs[i]};
        f(one, vector(group, i), false);
      }
    }

    // The last sweep after keep(): calls store_kept(i, vector, in_bounds, has_label) for the kept vectors, and f for
    // the others.
    template <int KEPT, class F, class StoreKept>
    __device__ __forceinline__ void for_each_but_kept(const Row&, const ThreadGroup& group, VectorRange range,
                                                      int label_vector, F f, StoreKept store_kept) {
#pragma unroll
      for (int i = 0; i < KEPT; i++) {
        int v = vector(group, i);
        store_kept(i, v, range.contains(v), v == label_vector);
      }
#pragma unroll
      for (int i = KEPT; i < VECTORS; i++) {
        int v = vector(group, i);
        pairs[i].keep_packed();
        f(pairs[i], v, range.contains(v), v == label_vector);
      }
    }

    // Passes two vectors at a time. With more, the assembler needs too many registers for the options of a loss.
    template <class F> __device__ __forceinline__ void for_each_several(const Row&, const ThreadGroup& group, F f) {
#pragma unroll
      for (int i = 0; i + 1 < VECTORS; i += 2) {
        pairs[i].keep_packed();
        pairs[i + 1].keep_packed();
        const Pair two[2] = {pairs[i], pairs[i + 1]};
        f(two, vector(group, i), false);
      }
      const Pair one[1] = {pairs[VECTORS - 1]};
      if constexpr (VECTORS % 2 == 1) f(one, vector(group, VECTORS - 1), false);
    }

    // The gradient may be stored in the place of the logits, and reading a vector again could return its gradient. Only
    // the last sweep stores a gradient, and a thread overwrites a vector only after it has read the vector.
    template <class F> __device__ __forceinline__ void for_each_again(const Row& row, const ThreadGroup& group, F f) {
#pragma unroll 1
      for (int v = vector(group, 0); v < row.vectors; v += int(group.size())) f(row.load(v), v);
    }

    template <class F>
    __device__ __forceinline__ void for_each(const Row&, const ThreadGroup& group, VectorRange range, int label_vector,
                                             F f, const Row&, bool) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++) {
        pairs[i].keep_packed();
        f(pairs[i], vector(group, i), range.contains(vector(group, i)), vector(group, i) == label_vector);
      }
    }

    __device__ __forceinline__ static int owner(const Row&, const ThreadGroup& group, int vector) {
      return int(unsigned(vector) % group.size());
    }

    template <class F> __device__ __forceinline__ void visit(const Row&, const ThreadGroup& group, int wanted, F f) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++)
        if (vector(group, i) == wanted) f(pairs[i]);
    }

   private:
    __device__ __forceinline__ void load_or_fill(const typename Row::Place& at, int i, bool aligned) {
      pairs[i].student = Pair::Student::filled(Row::kStudentFill);
      pairs[i].teacher = Pair::Teacher::filled(Row::kTeacherFill);
      if (aligned) pairs[i] = Row::load_aligned(at, i * kStep);
    }
    __device__ __forceinline__ static int vector(const ThreadGroup& group, int i) {
      return int(group.thread_rank) + i * int(group.size());
    }
  };
};

// No storage: each sweep reads the row from memory again, the later ones mostly from L2.
struct RereadStorage {
  static constexpr bool kOnChip = false;
  static constexpr bool kPrefetches = false;
  static constexpr bool kInRegisters = false;
  static constexpr int kKept = 0;
  static constexpr int kProducers = 0;

  template <class Row, class ThreadGroup> struct Instance {
    using Pair = typename Row::Pair;
    static constexpr int kStep = int(ThreadGroup::size());
    __device__ __forceinline__ Instance() {}
    __device__ __forceinline__ void load(const Row&, const ThreadGroup&, VectorRange = VectorRange()) {}
    __device__ __forceinline__ void wait() {}

    template <class F> __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, F f) {
      for (int vector = int(group.thread_rank); vector < row.vectors; vector += int(group.size()))
        f(row.load(vector), vector);
    }
    template <class F> __device__ __forceinline__ void for_each_again(const Row& row, const ThreadGroup& group, F f) {
      for_each(row, group, f);
    }

    template <class F> __device__ __forceinline__ void for_each_several(const Row& row, const ThreadGroup& group, F f) {
      VectorRange in_bounds = row.in_bounds();
      for_each(row, group, [&](const Pair& pair, int vector) {
        const Pair pairs[1] = {pair};
        f(pairs, vector, in_bounds.contains(vector));
      });
    }

    __device__ __forceinline__ static int owner(const Row&, const ThreadGroup& group, int vector) {
      return int(unsigned(vector) % group.size());
    }

    template <class F>
    __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, VectorRange range,
                                             int label_vector, F f, const Row&, bool) {
      for_each(row, group, [&](const Pair& pair, int vector) {
        f(pair, vector, range.contains(vector), vector == label_vector);
      });
    }
  };
};

}  // namespace temper
