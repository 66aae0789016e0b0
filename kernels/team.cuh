// The threads that work on one row together: part of a warp, a block, or a cluster of blocks. All have the same face:
//   index, size()         this thread's place among them
//   first_row(), row_step()  which rows the team takes
//   reduce<Op>(values)    every thread gets the result; the order of the operations is fixed, so equal inputs give equal bits
#pragma once

#include "float_math.cuh"

namespace temper {

struct Sum {
  __device__ __forceinline__ static float start() { return 0; }
  __device__ __forceinline__ static float of(float a, float b) { return a + b; }
};

struct Max {
  __device__ __forceinline__ static float start() { return -infinity(); }
  __device__ __forceinline__ static float of(float a, float b) { return max(a, b); }
};

template <class Op, int LANES, int N> __device__ __forceinline__ void reduce_lanes(float (&values)[N], uint32_t mask) {
#pragma unroll
  for (int distance = LANES / 2; distance > 0; distance /= 2)
#pragma unroll
    for (int n = 0; n < N; n++) values[n] = Op::of(values[n], __shfl_xor_sync(mask, values[n], distance));
}

// LANES (1, 2, 4 ... 32) neighbouring lanes of a warp.
template <int THREADS, int LANES> struct LaneTeam {
  static constexpr int kThreads = THREADS, kCluster = 1, kScratchBytes = 0;

  uint32_t index = threadIdx.x % LANES;
  uint32_t mask = (LANES == 32 ? ~0u : (1u << LANES % 32) - 1) << (threadIdx.x % 32 / LANES * LANES);

  __device__ __forceinline__ static constexpr uint32_t size() { return LANES; }
  __device__ __forceinline__ int64_t first_row() const { return (int64_t(blockIdx.x) * THREADS + threadIdx.x) / LANES; }
  __device__ __forceinline__ int64_t row_step() const { return int64_t(gridDim.x) * (THREADS / LANES); }
  __device__ __forceinline__ void begin() {}

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) { reduce_lanes<Op, LANES>(values, mask); }
};

// A block of THREADS (a multiple of 32), or a cluster of CLUSTER such blocks. A reduction costs one barrier: warps leave their
// values in every block's scratch, then each warp combines them all. Two scratch slots take turns: who writes a slot again has
// passed the barrier of the reduction between, and so has everybody who read it.
template <int THREADS, int CLUSTER> struct BlockTeam {
  static constexpr int kThreads = THREADS, kCluster = CLUSTER;
  static constexpr int kWarps = THREADS / 32, kEntries = kWarps * CLUSTER;
  static constexpr int kMostValues = 6;
  static constexpr int kScratchBytes = 2 * kMostValues * kEntries * 4;

  uint32_t rank = 0;
  uint32_t index = threadIdx.x;
  int slot = 0;

  __device__ __forceinline__ static constexpr uint32_t size() { return THREADS * CLUSTER; }
  __device__ __forceinline__ int64_t first_row() const { return blockIdx.x / CLUSTER; }
  __device__ __forceinline__ int64_t row_step() const { return gridDim.x / CLUSTER; }

  // No block may store into another one that has not begun.
  __device__ __forceinline__ void begin() {
    if constexpr (CLUSTER > 1) {
      rank = cluster_rank();
      index = rank * THREADS + threadIdx.x;
      cluster_barrier();
    }
  }

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) {
    static_assert(N <= kMostValues, "the scratch has room for kMostValues");
    float* scratch = reinterpret_cast<float*>(dynamic_shared()) + slot * kMostValues * kEntries;
    slot ^= 1;
    uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    reduce_lanes<Op, 32>(values, ~0u);
    if constexpr (CLUSTER > 1) {
      if (lane < CLUSTER)
#pragma unroll
        for (int n = 0; n < N; n++) store_remote(&scratch[n * kEntries + rank * kWarps + warp], lane, values[n]);
      cluster_barrier();
    } else {
      if (lane == 0)
#pragma unroll
        for (int n = 0; n < N; n++) scratch[n * kEntries + warp] = values[n];
      __syncthreads();
    }
#pragma unroll
    for (int n = 0; n < N; n++) {
      values[n] = Op::start();
#pragma unroll
      for (int first = 0; first < kEntries; first += 32)   // bounds the compiler knows: the loads go out together
        if (first + 32 <= kEntries || first + lane < kEntries)
          values[n] = Op::of(values[n], scratch[n * kEntries + first + lane]);
    }
    reduce_lanes<Op, 32>(values, ~0u);
  }
};

template <int THREADS, int LANES, int CLUSTER> struct ChooseTeam {
  using Team = LaneTeam<THREADS, LANES>;
};
template <int THREADS, int CLUSTER> struct ChooseTeam<THREADS, 0, CLUSTER> {
  using Team = BlockTeam<THREADS, CLUSTER>;
};
template <int THREADS, int LANES, int CLUSTER> using TeamOf = typename ChooseTeam<THREADS, LANES, CLUSTER>::Team;

}  // namespace temper
