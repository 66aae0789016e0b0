// The threads that work on one row together: part of a warp, a block, or a cluster of blocks. All have the same face:
//   index, size()         this thread's place among them
//   first_row(), row_step()  which rows the team takes
//   begin(), meet()       first thing in the kernel; once before the first reduction, with whatever needs no other block between
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
  __device__ __forceinline__ void meet() {}

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) { reduce_lanes<Op, LANES>(values, mask); }
};

// Values that lie side by side, so that one access moves them all.
template <int N> struct alignas(4 * N) Bundle {
  float values[N];
};

// A block of THREADS (a multiple of 32), or a cluster of CLUSTER such blocks. Warps leave their values in every block's scratch, then
// each warp combines them all. Two scratch slots take turns.
//
// A reduction of one block costs one barrier: who writes a slot again has passed the barrier of the reduction between, and so has
// everybody who read it.
//
// A reduction of a cluster costs no barrier of its threads, whose release would wait for all their accesses to memory. Each block has
// an mbarrier per slot, whose phase ends when the values of all warps of all blocks have arrived there. Reduction k uses slot k % 2:
//  - A warp sends for k + 1 after all its lanes have read slot k (__syncwarp), and what it sends releases that. k + 1 ends in a block
//    when every warp's values have come. So who sends for k + 2, into slot k % 2, follows everybody's end of reading k, and
//    everybody's wait for k: the slot is free, its mbarrier in the next phase, and no thread still asks for the phase before.
//  - Bytes may come before thread 0 has announced them: without the announcement no phase ends.
//  - All blocks take the same rows and the same branches, which depend on the rows' inputs and on reduced values alone, so that all
//    make the same reductions. Each ends in a block after everything sent to it has come: no block exits while one may still
//    write into it, also where it exits without any reduction.
template <int THREADS, int CLUSTER> struct BlockTeam {
  static constexpr int kThreads = THREADS, kCluster = CLUSTER;
  static constexpr int kWarps = THREADS / 32, kEntries = kWarps * CLUSTER;
  static constexpr int kMostValues = 6;

  // In bytes: [slot][entry] of four values, [slot][entry] of two, the slots' mbarriers.
  static constexpr int kTails = 2 * kEntries * 16, kBarriers = kTails + 2 * kEntries * 8;
  static constexpr int kScratchBytes = kBarriers + (CLUSTER > 1 ? 16 : 0);

  uint32_t rank = 0;
  uint32_t index = threadIdx.x;
  uint32_t turn = 0;   // reductions so far

  __device__ __forceinline__ static constexpr uint32_t size() { return THREADS * CLUSTER; }
  __device__ __forceinline__ int64_t first_row() const { return blockIdx.x / CLUSTER; }
  __device__ __forceinline__ int64_t row_step() const { return gridDim.x / CLUSTER; }

  __device__ __forceinline__ void begin() {
    if constexpr (CLUSTER > 1) {
      rank = cluster_rank();
      index = rank * THREADS + threadIdx.x;
      if (threadIdx.x == 0) mbarriers_init<2>(reinterpret_cast<uint64_t*>(dynamic_shared() + kBarriers));
      cluster_arrive();
    }
  }

  // No block may store into another one that has not begun.
  __device__ __forceinline__ void meet() {
    if constexpr (CLUSTER > 1) cluster_wait();
  }

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) {
    static_assert(N <= kMostValues, "the scratch has room for kMostValues");
    constexpr int kHead = N > 2 ? 4 : N, kTail = N > 4 ? N - 4 : 0;
    uint32_t slot = turn % 2, parity = turn / 2 % 2;
    uint32_t heads = slot * (kEntries * 16), tails = kTails + slot * (kEntries * 8), barrier = kBarriers + slot * 8;
    uint32_t lane = threadIdx.x % 32, own = rank * kWarps + threadIdx.x / 32;
    turn++;
    if constexpr (CLUSTER > 1)
      if (threadIdx.x == 0) mbarrier_expect(at<uint64_t>(barrier), kEntries * (kHead + kTail) * 4);
    reduce_lanes<Op, 32>(values, ~0u);
    if constexpr (CLUSTER > 1) {
      __syncwarp();
      if (lane < CLUSTER) {
        uint32_t scratch = cluster_place(dynamic_shared(), lane);
        store_async(scratch + heads + own * (4 * kHead), bundle<0, kHead>(values).values, scratch + barrier);
        if constexpr (kTail > 0) store_async(scratch + tails + own * (4 * kTail), bundle<4, kTail>(values).values, scratch + barrier);
      }
      mbarrier_wait(at<uint64_t>(barrier), parity);
    } else {
      if (lane == 0) {
        at<Bundle<kHead>>(heads)[own] = bundle<0, kHead>(values);
        if constexpr (kTail > 0) at<Bundle<kTail>>(tails)[own] = bundle<4, kTail>(values);
      }
      __syncthreads();
    }
    combine<Op, 0, kHead>(values, heads);
    if constexpr (kTail > 0) combine<Op, 4, kTail>(values, tails);
    reduce_lanes<Op, 32>(values, ~0u);
  }

 private:
  template <class T> __device__ __forceinline__ static T* at(uint32_t offset) { return reinterpret_cast<T*>(dynamic_shared() + offset); }

  // M of the values, from FIRST on.
  template <int FIRST, int M, int N> __device__ __forceinline__ static Bundle<M> bundle(const float (&values)[N]) {
    Bundle<M> bundle = {};
#pragma unroll
    for (int m = 0; m < M && FIRST + m < N; m++) bundle.values[m] = values[FIRST + m];
    return bundle;
  }

  // What all warps left, entry after entry.
  template <class Op, int FIRST, int M, int N> __device__ __forceinline__ static void combine(float (&values)[N], uint32_t place) {
    uint32_t lane = threadIdx.x % 32;
#pragma unroll
    for (int m = 0; m < M && FIRST + m < N; m++) values[FIRST + m] = Op::start();
#pragma unroll
    for (int first = 0; first < kEntries; first += 32)   // bounds the compiler knows: the loads go out together
      if (first + 32 <= kEntries || first + lane < kEntries) {
        Bundle<M> entry = at<Bundle<M>>(place)[first + lane];
#pragma unroll
        for (int m = 0; m < M && FIRST + m < N; m++) values[FIRST + m] = Op::of(values[FIRST + m], entry.values[m]);
      }
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
