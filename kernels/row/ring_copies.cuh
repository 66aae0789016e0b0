// How the producer warp of a ring (ring_storage.cuh) copies a row into a stage. Every kind of copies states
//   kArrivals           arrivals that complete a phase of the mbarrier `full`
//   fill(parts, full)   copies the parts of a stage; all lanes of the warp call it. A phase of `full` completes when
//                       the copies are complete. Its arrivals also release what the warp has stored in the stage
//                       before, if a warp barrier lies between.
#pragma once

#include "../device.cuh"

namespace temper {

// Granules (16 aligned bytes each) of one tensor, and where they lie in a stage.
struct StagePart {
  unsigned char* to;
  const void* from;
  uint32_t bytes;
};

// Bulk copies, for compute capability 9.0 and later. One thread issues them, and the mbarrier counts their bytes.
struct BulkCopies {
  static constexpr int kArrivals = 1;

  template <int N> __device__ __forceinline__ static void fill(const StagePart (&parts)[N], uint64_t* full) {
    if (threadIdx.x % 32 != 0) return;
    uint32_t bytes = 0;
#pragma unroll
    for (int i = 0; i < N; i++) bytes += parts[i].bytes;
    mbarrier_expect(full, bytes);
    if (bytes == 0) return;
#pragma unroll
    for (int i = 0; i < N; i++) bulk_copy(parts[i].to, parts[i].from, parts[i].bytes, full);
  }
};

// Copies of one granule each, for compute capability 8.0 and later. Every lane issues some of them, and arrives when
// its own copies are complete. These arrivals do not release earlier stores of the warp. The first lane therefore
// arrives once more, by a plain arrival, which does.
struct GranuleCopies {
  static constexpr int kArrivals = 32 + 1;

  template <int N> __device__ __forceinline__ static void fill(const StagePart (&parts)[N], uint64_t* full) {
    if (threadIdx.x % 32 == 0) mbarrier_arrive(full);
#pragma unroll
    for (int i = 0; i < N; i++) copy(parts[i]);
    mbarrier_arrive_after_copies(full);
  }

 private:
  __device__ __forceinline__ static void copy(const StagePart& part) {
    constexpr int kStep = 32 * 16, kTogether = 8;
    const int lane = int(threadIdx.x % 32) * 16;
    unsigned char* to = part.to + lane;
    const unsigned char* from = static_cast<const unsigned char*>(part.from) + lane;
    int left = int(part.bytes) - lane;
#pragma unroll 1
    for (; left > (kTogether - 1) * kStep; left -= kTogether * kStep) {
#pragma unroll
      for (int i = 0; i < kTogether; i++) async_copy<16>(to + i * kStep, from + i * kStep);
      to += kTogether * kStep;
      from += kTogether * kStep;
    }
#pragma unroll 1
    for (; left > 0; left -= kStep, to += kStep, from += kStep) async_copy<16>(to, from);
  }
};

}  // namespace temper
