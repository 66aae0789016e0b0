// The listed classes of a row as a mask in shared memory: one byte for each vector of the row, one bit for each of its
// columns. The sweeps over a row leave the listed classes out, because their sums come from the slots.
#pragma once

#include "../row/thread_group.cuh"

namespace temper {

// The threads of a group that lie in one block. Each block of a cluster has a mask of its own, of the whole row.
template <class ThreadGroup> struct BlockPart;
template <int THREADS, int LANES> struct BlockPart<LaneGroup<THREADS, LANES>> {
  static constexpr uint32_t kThreads = LANES, kGroups = THREADS / LANES;
  __device__ __forceinline__ static uint32_t rank() { return threadIdx.x % LANES; }
  __device__ __forceinline__ static uint32_t group() { return threadIdx.x / LANES; }
  __device__ __forceinline__ static void sync(const LaneGroup<THREADS, LANES>& group) { __syncwarp(group.mask); }
};
template <int THREADS, int CLUSTER> struct BlockPart<BlockGroup<THREADS, CLUSTER>> {
  static constexpr uint32_t kThreads = THREADS, kGroups = 1;
  __device__ __forceinline__ static uint32_t rank() { return threadIdx.x; }
  __device__ __forceinline__ static uint32_t group() { return 0; }
  __device__ __forceinline__ static void sync(const BlockGroup<THREADS, CLUSTER>&) { __syncthreads(); }
};

template <class ThreadGroup> struct ListMask {
  using Part = BlockPart<ThreadGroup>;
  uint32_t* words;  // the mask of the thread's group
  int count;        // number of words

  // Sets the mask to zero. `offset` is the place of the masks of all groups in the shared memory of the block.
  __device__ __forceinline__ ListMask(int64_t offset, int most_vectors)
      : words(reinterpret_cast<uint32_t*>(dynamic_shared() + offset)), count((most_vectors + 3) / 4) {
    words += Part::group() * count;
    for (int i = int(Part::rank()); i < count; i += int(Part::kThreads)) words[i] = 0;
  }

  // An addition sets the bit, because no class has two slots.
  __device__ __forceinline__ void set(int vector, int column) {
    atomicAdd(words + vector / 4, 1u << (vector % 4 * 8 + column));
  }
  __device__ __forceinline__ void clear(int vector) { words[vector / 4] = 0; }

  __device__ __forceinline__ uint32_t columns(int vector) const { return words[vector / 4] >> vector % 4 * 8 & 0xffu; }
};

}  // namespace temper
