// A thread group of one block or of a cluster of blocks (thread_group.cuh describes the interface).
#pragma once

#include "../row_inputs.cuh"
#include "warp_reduce.cuh"

namespace temper {

// The smallest power of two that is not below n, but at most 32.
__device__ constexpr int lanes_for(int n) { return n > 16 ? 32 : n > 8 ? 16 : n > 4 ? 8 : n > 2 ? 4 : n; }

// N (1, 2 or 4) floats that one access loads or stores.
template <int N> struct alignas(4 * N) FloatVector {
  float values[N];
};

// A block of THREADS (a multiple of 32), or a cluster of CLUSTER such blocks. A block has PRODUCERS more threads, which
// only load rows and take no part in reductions. In a reduction every warp stores its values in the scratch memory of
// every block of the cluster; then each warp combines the values of all warps. The scratch memory has two slots, which
// successive reductions use alternately.
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
//  - A block could exit while another block still stores into its shared memory. All blocks of a cluster compute the
//    same rows and take the same branches, which depend on the rows' inputs and on reduced values only. They thus make
//    the same reductions, and each reduction completes in a block after everything sent to that block has arrived.
//  - A thread could wait in vain, if threads of the group disagree whether a row contributes. They agree as long as no
//    other stream changes the labels and weights during the launch, which nothing here prevents. mbarrier_wait() ends
//    the launch with an error then.
template <int THREADS, int CLUSTER, int PRODUCERS = 0> struct BlockGroup {
  static constexpr int kThreads = THREADS, kCluster = CLUSTER, kWarps = THREADS / 32, kClusterWarps = kWarps * CLUSTER;
  static constexpr bool kSeveralWarps = kClusterWarps > 1;

  // Scratch memory: [slot][piece][warp of the cluster] of up to four floats, the owner's value for each slot, one
  // mbarrier per slot, and the constants of the launch.
  static constexpr int kMostValues = 12, kMostPieces = kMostValues / 4, kPieceBytes = kClusterWarps * 16;
  static constexpr int kOwned = 2 * kMostPieces * kPieceBytes;  // the owner's values: one float per slot
  // Offset of the second slot, which is free memory until the second reduction. No block of the cluster stores into it
  // before this block has made its first reduction.
  static constexpr int kLateScratch = kMostPieces * kPieceBytes;
  static constexpr int kBarriers = kOwned + 16, kConstants = kBarriers + (CLUSTER > 1 ? 16 : 0);
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
      if (threadIdx.x == 0) mbarriers_init<2>(reinterpret_cast<uint64_t*>(dynamic_shared() + kBarriers), 1);
      cluster_arrive();
    }
  }

  __device__ __forceinline__ bool in_first_warp() const { return thread_rank < 32; }

  // A store into the shared memory of another block is undefined until that block has started. The arrival in begin()
  // and this wait are the two halves of one cluster barrier.
  __device__ __forceinline__ void wait_for_cluster() {
    if constexpr (CLUSTER > 1) cluster_wait();
  }

  template <class Op, int N> __device__ __forceinline__ void reduce(float (&values)[N]) {
    reduce_warp<Op, 32>(values);
    uint32_t slot = exchange(values);
#pragma unroll
    for (int n = 0; n < N; n++) values[n] = Op::identity();
    for_each_warp<N>(slot, [&](const float (&warp)[N]) {
#pragma unroll
      for (int n = 0; n < N; n++) values[n] = Op::combine(values[n], warp[n]);
    });
    reduce_warp<Op, kMergeLanes>(values);
  }

  // Threads could disagree about the owner, if another stream changes the label of the row during the launch. Within a
  // block the first thread may then read the value of an earlier row, which makes the hard part of this row wrong.
  // Within a cluster the number of sent bytes must not depend on the owner, because a phase could then stay incomplete.
  // Every warp therefore sends a value, which is 0 in warps without the owner, and the values are summed.
  template <class Partial> __device__ __forceinline__ void merge(Partial& partial, int owner, float& value) {
    constexpr int N = Partial::kValues, kSent = N + (CLUSTER > 1 ? 1 : 0);
    merge_lanes<32, true>(partial, ~0u);
    float values[kSent] = {partial.student_max, partial.teacher_max};
    partial.sums.get(values + 2);
    if constexpr (CLUSTER > 1) {
      float owned[1] = {int(thread_rank) == owner ? value : 0.0f};
      reduce_lanes<Sum, 32>(owned, ~0u);
      values[N] = owned[0];
    } else if (int(thread_rank) == owner) {
      *shared<float>(kOwned + reductions % 2 * 4) = value;
    }
    uint32_t slot = exchange(values);
    float owned[1] = {0};
    const Partial none = partial.emptied();
    partial = none;
    for_each_warp<kSent>(slot, [&](const float (&warp)[kSent]) {
      Partial other = none;
      other.move_to(warp[0], warp[1]);
      other.sums.set(warp + 2);
      if constexpr (kClusterWarps <= 32)
        partial = other;
      else
        partial.merge(other);
      if constexpr (CLUSTER > 1) owned[0] += warp[N];
    });
    merge_lanes<kMergeLanes, true>(partial, ~0u);
    if constexpr (CLUSTER > 1)
      reduce_lanes<Sum, kMergeLanes>(owned, ~0u);
    else if (thread_rank == 0)
      owned[0] = *shared<float>(kOwned + slot * 4);
    value = owned[0];
  }

 private:
  // Number of lanes that combine the values of all warps. The other lanes of each warp repeat the same operations.
  static constexpr int kMergeLanes = lanes_for(kClusterWarps);

  // A barrier of the threads that compute. With a producer warp, __syncthreads() would hang: that warp does not arrive.
  __device__ __forceinline__ static void synchronise() {
    if constexpr (PRODUCERS > 0)
      named_barrier<THREADS>();
    else
      __syncthreads();
  }

  template <class T> __device__ __forceinline__ static T* shared(uint32_t offset) {
    return reinterpret_cast<T*>(dynamic_shared() + offset);
  }

  // A warp sends its N values in pieces of 1, 2 or 4 floats, the sizes of an asynchronous store. FIRST is the index of
  // a piece's first value. Three values are sent as four.
  template <int FIRST, int N> static constexpr int kPieceSize = N - FIRST > 2 ? 4 : N - FIRST;
  template <int N> static constexpr int kLast = (N - 1) / 4 * 4;
  template <int N> static constexpr int kBytes = 4 * (kLast<N> + kPieceSize<kLast<N>, N>);

  // Sends the values of the calling warp to every block of the cluster, and waits for the values of all warps. Returns
  // the slot that holds them.
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
      synchronise();
    }
    return slot;
  }

  // Sends the piece of values that begins at FIRST, and the pieces after it. Within a cluster, lane i sends to block i.
  template <int FIRST, int N>
  __device__ __forceinline__ void send(const float (&values)[N], uint32_t slot, uint32_t barrier) const {
    FloatVector<kPieceSize<FIRST, N>> piece = {};
#pragma unroll
    for (int m = 0; m < kPieceSize<FIRST, N> && FIRST + m < N; m++) piece.values[m] = values[FIRST + m];
    uint32_t warp = thread_rank / 32;  // of the cluster
    uint32_t place = (slot * kMostPieces + FIRST / 4) * kPieceBytes + warp * sizeof(piece);
    if constexpr (CLUSTER > 1) {
      uint32_t scratch = cluster_address(dynamic_shared(), threadIdx.x % 32);
      store_async(scratch + place, piece.values, scratch + barrier);
    } else {
      *shared<FloatVector<kPieceSize<FIRST, N>>>(place) = piece;
    }
    if constexpr (FIRST + 4 < N) send<FIRST + 4>(values, slot, barrier);
  }

  // Calls f(values) with the values of warps lane, lane + 32, ... of the cluster.
  template <int N, class F> __device__ __forceinline__ static void for_each_warp(uint32_t slot, F f) {
    uint32_t lane = threadIdx.x % kMergeLanes;
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

}  // namespace temper
