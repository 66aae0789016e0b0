// A thread group inside one warp (thread_group.cuh describes the interface).
#pragma once

#include "../row_inputs.cuh"
#include "warp_reduce.cuh"

namespace temper {

// LANES (1, 2, 4 ... 32) neighbouring lanes of a warp. A block has THREADS threads.
template <int THREADS, int LANES> struct LaneGroup {
  static constexpr int kThreads = THREADS, kConstants = 0, kScratchBytes = kConstantsBytes;
  static constexpr bool kSeveralWarps = false;

  uint32_t thread_rank = threadIdx.x % LANES;
  uint32_t mask = (LANES == 32 ? ~0u : (1u << LANES % 32) - 1) << (threadIdx.x % 32 / LANES * LANES);

  __device__ __forceinline__ static constexpr uint32_t size() { return LANES; }
  __device__ __forceinline__ int64_t first_row() const { return (int64_t(blockIdx.x) * THREADS + threadIdx.x) / LANES; }
  __device__ __forceinline__ int64_t row_step() const { return int64_t(gridDim.x) * (THREADS / LANES); }
  __device__ __forceinline__ void begin() {}
  __device__ __forceinline__ void wait_for_cluster() {}

  __device__ __forceinline__ bool in_first_warp() const { return true; }

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) {
    reduce_lanes<Op, LANES>(values, mask);
  }
  template <class Partial> __device__ __forceinline__ void merge(Partial& partial, int owner, float& value) {
    merge_lanes<LANES, LANES == 32>(partial, mask);
    value = __shfl_sync(mask, value, owner < 0 ? 0 : owner, LANES);
  }

  // Two functions that only this kind of group has: the maxima of student and teacher over the group, and merge() for
  // partials that have the same shifts.
  template <bool TEACHER> __device__ __forceinline__ void reduce_maxima(float (&maxima)[2]) const {
    max_of_lanes<LANES, LANES == 32, TEACHER>(maxima, mask);
  }
  template <class Partial> __device__ __forceinline__ void add(Partial& partial, int owner, float& value) const {
    add_lanes_of<LANES, LANES == 32>(partial, mask);
    value = __shfl_sync(mask, value, owner < 0 ? 0 : owner, LANES);
  }
};

}  // namespace temper
