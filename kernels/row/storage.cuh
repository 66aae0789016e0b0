// Row storage: where a row is kept between the sweeps over it. Each thread of the group owns every size()-th vector and
// accesses only these, so that the data needs no barrier. Every kind of storage has an Instance with
//   load(row, group, in_flight)  issues the loads of the row, except for the vectors that a prefetch has in flight
//   wait()                       waits for the calling thread's loads
//   for_each(row, group, f)      calls f(pair, vector, false) for each of the thread's vectors
//   for_each(row, group, range, f)  calls f(pair, vector, in_bounds), with in_bounds = true for the vectors in `range`
//   for_each(row, group, range, f, next, prefetch)  also issues the loads of row `next`, if `prefetch` and kPrefetches:
//                                each vector in `range` is loaded into the place of the vector just read; `next` must
//                                have the misalignment of `row` and allow asynchronous copies
//   visit(row, group, vector, f) calls f(pair) in the thread that owns the vector; not available without kOnChip
#pragma once

#include "vectorised_row.cuh"

namespace temper {

// Registers of the thread, VECTORS vectors of each tensor: for short rows. ptxas 13.0 spilled with sixteen logits per
// thread and tensor, so that plans use at most eight.
template <int VECTORS> struct RegisterStorage {
  static constexpr bool kOnChip = true;  // a sweep costs no memory traffic
  static constexpr bool kPrefetches = false;

  template <class Row, class ThreadGroup> struct Instance {
    typename Row::Pair pairs[VECTORS];
    __device__ __forceinline__ Instance() {}

    __device__ __forceinline__ void load(const Row& row, const ThreadGroup& group, VectorRange = VectorRange()) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++) {
        pairs[i].student = Row::Pair::Student::filled(Row::kStudentFill);
        pairs[i].teacher = Row::Pair::Teacher::filled(Row::kTeacherFill);
        if (vector(group, i) < row.vectors) pairs[i] = row.load(vector(group, i));
      }
    }
    __device__ __forceinline__ void wait() {}

    __device__ __forceinline__ static int vector(const ThreadGroup& group, int i) {
      return int(group.thread_rank) + i * int(group.size());
    }

    template <class F>
    __device__ __forceinline__ void for_each(const Row&, const ThreadGroup& group, VectorRange range, F f, const Row&,
                                             bool) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++) {
        pairs[i].keep_packed();
        f(pairs[i], vector(group, i), range.contains(vector(group, i)));
      }
    }

    template <class F>
    __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, VectorRange range, F f) {
      for_each(row, group, range, f, row, false);
    }
    template <class F> __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, F f) {
      for_each(row, group, VectorRange(), f);
    }

    template <class F> __device__ __forceinline__ void visit(const Row&, const ThreadGroup& group, int wanted, F f) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++)
        if (vector(group, i) == wanted) f(pairs[i]);
    }
  };
};

// No storage: each sweep reads the row from memory again, the later ones mostly from L2.
struct RereadStorage {
  static constexpr bool kOnChip = false;
  static constexpr bool kPrefetches = false;

  template <class Row, class ThreadGroup> struct Instance {
    __device__ __forceinline__ Instance() {}
    __device__ __forceinline__ void load(const Row&, const ThreadGroup&, VectorRange = VectorRange()) {}
    __device__ __forceinline__ void wait() {}

    template <class F>
    __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, VectorRange range, F f,
                                             const Row&, bool) {
      for (int vector = int(group.thread_rank); vector < row.vectors; vector += int(group.size()))
        f(row.load(vector), vector, range.contains(vector));
    }

    template <class F>
    __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, VectorRange range, F f) {
      for_each(row, group, range, f, row, false);
    }
    template <class F> __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, F f) {
      for_each(row, group, VectorRange(), f);
    }
  };
};

}  // namespace temper
