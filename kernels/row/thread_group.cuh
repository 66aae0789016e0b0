// The threads that work on one row: some lanes of a warp, a block, or a cluster of blocks. Every kind of group has
//   thread_rank, size()      rank of the calling thread in its group, and the number of threads
//   first_row(), row_step()  the rows of the group: first_row(), first_row() + row_step(), ...
//   begin()                  called first in the kernel
//   wait_for_cluster()       called once before the first reduction; waits until every block of the cluster has started
//   reduce<Op>(values)       combines the values of all threads, and gives every thread the result
//   merge(partial)           merges the RowPartials of all threads, and gives every thread the result
// The order of operations in a reduction is fixed, so that equal inputs give equal bits.
#pragma once

#include "../float_math.cuh"

namespace temper {

struct Sum {
  __device__ __forceinline__ static float identity() { return 0; }
  __device__ __forceinline__ static float combine(float a, float b) { return a + b; }
};

struct Max {
  __device__ __forceinline__ static float identity() { return -infinity(); }
  __device__ __forceinline__ static float combine(float a, float b) { return max(a, b); }
};

// Reduction over LANES neighbouring lanes of a warp.
template <class Op, int LANES, int N> __device__ __forceinline__ void reduce_lanes(float (&values)[N], uint32_t mask) {
#pragma unroll
  for (int distance = LANES / 2; distance > 0; distance /= 2)
#pragma unroll
    for (int n = 0; n < N; n++) values[n] = Op::combine(values[n], __shfl_xor_sync(mask, values[n], distance));
}

// The merge of RowPartials over LANES neighbouring lanes of a warp.
template <int LANES, class Partial> __device__ __forceinline__ void merge_lanes(Partial& partial, uint32_t mask) {
  float maxima[2] = {partial.student_max, partial.teacher_max}, sums[Partial::kSums];
  reduce_lanes<Max, LANES>(maxima, mask);
  partial.move_to(maxima[0], maxima[1]);
  partial.get_sums(sums);
  reduce_lanes<Sum, LANES>(sums, mask);
  partial.set_sums(sums);
}

// Bytes that a block keeps for constants of its launch, behind the scratch memory of reductions.
constexpr int kConstantsBytes = 16;

// LANES (1, 2, 4 ... 32) neighbouring lanes of a warp, in blocks of THREADS.
template <int THREADS, int LANES> struct LaneGroup {
  static constexpr int kThreads = THREADS, kConstants = 0, kScratchBytes = kConstantsBytes;

  uint32_t thread_rank = threadIdx.x % LANES;
  uint32_t mask = (LANES == 32 ? ~0u : (1u << LANES % 32) - 1) << (threadIdx.x % 32 / LANES * LANES);

  __device__ __forceinline__ static constexpr uint32_t size() { return LANES; }
  __device__ __forceinline__ int64_t first_row() const { return (int64_t(blockIdx.x) * THREADS + threadIdx.x) / LANES; }
  __device__ __forceinline__ int64_t row_step() const { return int64_t(gridDim.x) * (THREADS / LANES); }
  __device__ __forceinline__ void begin() {}
  __device__ __forceinline__ void wait_for_cluster() {}

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) {
    reduce_lanes<Op, LANES>(values, mask);
  }
  template <class Partial> __device__ __forceinline__ void merge(Partial& partial) {
    merge_lanes<LANES>(partial, mask);
  }
};

// N floats that one access loads or stores.
template <int N> struct alignas(4 * N) FloatVector {
  float values[N];
};

// A block of THREADS (a multiple of 32), or a cluster of CLUSTER such blocks. In a reduction every warp stores its
// values in the scratch memory of every block of the cluster; then each warp combines the values of all warps. The
// scratch memory has two slots, which successive reductions use alternately.
//
// Within one block a reduction needs one barrier. A slot is overwritten two reductions later: the barrier of the
// reduction between them orders that store after all reads of the slot.
//
// Within a cluster a reduction has no cluster barrier, because its release would wait for all memory accesses of the
// threads. Instead each block has one mbarrier per slot, whose phase completes when the values of all warps of all
// blocks have arrived. Reduction k uses slot k % 2. The hazards:
//  - A slot could be overwritten while a thread still reads it, when reduction k + 2 stores into the slot of reduction
//    k. A warp stores for k + 1 only after all its lanes have read the slot of k (__syncwarp), and the store releases
//    these reads. Reduction k + 1 completes in a block after the stores of all warps; hence a warp stores for k + 2
//    after all reads of k. For the same reason no thread still waits for the phase of k when the phase of k + 2 begins.
//  - Bytes could arrive before thread 0 has called mbarrier_expect(). The phase does not complete without that call.
//  - A block could exit while another one still stores into its shared memory. All blocks of a cluster take the same
//    rows and the same branches, which depend on the rows' inputs and on reduced values only, and thus make the same
//    reductions; each reduction completes in a block after everything sent to that block has arrived.
template <int THREADS, int CLUSTER> struct BlockGroup {
  static constexpr int kThreads = THREADS, kWarps = THREADS / 32, kClusterWarps = kWarps * CLUSTER;

  // Scratch memory: [slot][piece][warp of the cluster] of up to four floats, one mbarrier per slot, and the constants
  // of the launch.
  static constexpr int kMostValues = 12, kMostPieces = kMostValues / 4, kPieceBytes = kClusterWarps * 16;
  static constexpr int kBarriers = 2 * kMostPieces * kPieceBytes, kConstants = kBarriers + (CLUSTER > 1 ? 16 : 0);
  static constexpr int kScratchBytes = kConstants + kConstantsBytes;

  uint32_t block_rank = 0;
  uint32_t thread_rank = threadIdx.x;
  uint32_t reductions = 0;  // number of reductions so far

  __device__ __forceinline__ static constexpr uint32_t size() { return THREADS * CLUSTER; }
  __device__ __forceinline__ int64_t first_row() const { return blockIdx.x / CLUSTER; }
  __device__ __forceinline__ int64_t row_step() const { return gridDim.x / CLUSTER; }

  __device__ __forceinline__ void begin() {
    if constexpr (CLUSTER > 1) {
      block_rank = cluster_rank();
      thread_rank = block_rank * THREADS + threadIdx.x;
      if (threadIdx.x == 0) mbarriers_init<2>(reinterpret_cast<uint64_t*>(dynamic_shared() + kBarriers));
      cluster_arrive();
    }
  }

  // A store into the shared memory of a block that has not started is undefined.
  __device__ __forceinline__ void wait_for_cluster() {
    if constexpr (CLUSTER > 1) cluster_wait();
  }

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) {
    reduce_lanes<Op, 32>(values, ~0u);
    uint32_t slot = exchange(values);
#pragma unroll
    for (int n = 0; n < N; n++) values[n] = Op::identity();
    for_each_warp<N>(slot, [&](const float (&warp)[N]) {
#pragma unroll
      for (int n = 0; n < N; n++) values[n] = Op::combine(values[n], warp[n]);
    });
    reduce_lanes<Op, 32>(values, ~0u);
  }

  template <class Partial> __device__ __forceinline__ void merge(Partial& partial) {
    constexpr int N = Partial::kValues;
    merge_lanes<32>(partial, ~0u);
    float values[N] = {partial.student_max, partial.teacher_max};
    partial.get_sums(values + 2);
    uint32_t slot = exchange(values);
    const Partial none = partial.emptied();
    partial = none;
    for_each_warp<N>(slot, [&](const float (&warp)[N]) {
      Partial other = none;
      other.move_to(warp[0], warp[1]);
      other.set_sums(warp + 2);
      if constexpr (kClusterWarps <= 32)
        partial = other;
      else
        partial.merge(other);
    });
    merge_lanes<32>(partial, ~0u);
  }

 private:
  template <class T> __device__ __forceinline__ static T* shared(uint32_t offset) {
    return reinterpret_cast<T*>(dynamic_shared() + offset);
  }

  // A piece of N values: four of them, or the one or two that are left. Three take the room of four.
  template <int FIRST, int N> static constexpr int kPieceSize = N - FIRST > 2 ? 4 : N - FIRST;
  template <int N> static constexpr int kLast = (N - 1) / 4 * 4;
  template <int N> static constexpr int kBytes = 4 * (kLast<N> + kPieceSize<kLast<N>, N>);

  // Sends the warp's values to every block of the cluster, and waits for those of all warps. Returns their slot.
  template <int N> __device__ __forceinline__ uint32_t exchange(const float (&values)[N]) {
    static_assert(N <= kMostValues, "the scratch memory has room for kMostValues");
    uint32_t slot = reductions % 2, parity = reductions / 2 % 2;
    uint32_t barrier = kBarriers + slot * 8, lane = threadIdx.x % 32;
    reductions++;
    if constexpr (CLUSTER > 1) {
      if (threadIdx.x == 0) mbarrier_expect(shared<uint64_t>(barrier), kClusterWarps * kBytes<N>);
      __syncwarp();
      if (lane < CLUSTER) send<0>(values, slot, barrier);
      mbarrier_wait(shared<uint64_t>(barrier), parity);
    } else {
      if (lane == 0) send<0>(values, slot, barrier);
      __syncthreads();
    }
    return slot;
  }

  template <int FIRST, int N>
  __device__ __forceinline__ void send(const float (&values)[N], uint32_t slot, uint32_t barrier) const {
    FloatVector<kPieceSize<FIRST, N>> piece = {};
#pragma unroll
    for (int m = 0; m < kPieceSize<FIRST, N> && FIRST + m < N; m++) piece.values[m] = values[FIRST + m];
    uint32_t warp = block_rank * kWarps + threadIdx.x / 32;
    uint32_t place = (slot * kMostPieces + FIRST / 4) * kPieceBytes + warp * sizeof(piece);
    if constexpr (CLUSTER > 1) {
      uint32_t scratch = cluster_address(dynamic_shared(), threadIdx.x % 32);
      store_async(scratch + place, piece.values, scratch + barrier);
    } else {
      *shared<FloatVector<kPieceSize<FIRST, N>>>(place) = piece;
    }
    if constexpr (FIRST + 4 < N) send<FIRST + 4>(values, slot, barrier);
  }

  // Calls f(values) with the values of every 32nd warp of the cluster, starting with the lane's.
  template <int N, class F> __device__ __forceinline__ static void for_each_warp(uint32_t slot, F f) {
    uint32_t lane = threadIdx.x % 32;
#pragma unroll
    for (int first = 0; first < kClusterWarps; first += 32)  // unrolled, so that all loads are issued together
      if (first + 32 <= kClusterWarps || first + lane < kClusterWarps) {
        float values[N];
        receive<0>(values, slot, first + lane);
        f(values);
      }
  }

  template <int FIRST, int N>
  __device__ __forceinline__ static void receive(float (&values)[N], uint32_t slot, uint32_t warp) {
    using Piece = FloatVector<kPieceSize<FIRST, N>>;
    Piece piece = shared<Piece>((slot * kMostPieces + FIRST / 4) * kPieceBytes)[warp];
#pragma unroll
    for (int m = 0; m < kPieceSize<FIRST, N> && FIRST + m < N; m++) values[FIRST + m] = piece.values[m];
    if constexpr (FIRST + 4 < N) receive<FIRST + 4>(values, slot, warp);
  }
};

template <int THREADS, int LANES, int CLUSTER> struct ChooseThreadGroup {
  using Type = LaneGroup<THREADS, LANES>;
};
template <int THREADS, int CLUSTER> struct ChooseThreadGroup<THREADS, 0, CLUSTER> {
  using Type = BlockGroup<THREADS, CLUSTER>;
};
template <int THREADS, int LANES, int CLUSTER>
using ThreadGroupOf = typename ChooseThreadGroup<THREADS, LANES, CLUSTER>::Type;

}  // namespace temper
