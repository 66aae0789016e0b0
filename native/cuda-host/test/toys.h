// Small kernels that use every part of the runtime. Each kernel has places for planted defects.
#pragma once
#include "cuda_host.h"

enum class Defect {
  kNone,
  kMissingBarrier,          // a block reads a sum that may not be written yet
  kMissingSecondBarrier,    // the next round overwrites shared memory that other threads may still read
  kReadPastTail,            // the last vector reads past the end of the row
  kMisalignedVector,        // a 16-byte read at a 4-byte address
  kDifferentMasks,          // some lanes pass a mask with fewer lanes than the others
  kLaneOutsideMask,         // a shuffle reads a lane that is not in its mask
  kBlockBarrierForCluster,  // a block barrier in place of a cluster barrier
  kEarlyExit,               // a block exits while others may read its shared memory
  kReadBeforeCopyWait,      // the destination of a copy is read before the wait
  kDivergentBarrier,        // some threads skip a barrier
  kStoreBeforeClusterSync,  // an asynchronous store to a block that may not have started
  kReadBeforeMbarrierWait,  // asynchronously stored values are read without a wait at the mbarrier
  kTooFewBytes,             // an mbarrier expects fewer bytes than are stored
  kTooManyBytes,            // an mbarrier expects more bytes than are stored
  kMissingExpect,           // one phase has no arrival
  kSingleBuffer,            // the next round overwrites values that other threads may still read
  kOverwrittenMbarrier,     // other data overwrites an mbarrier
  kReadBeforeArrival,       // copies of other threads are read without a wait at the mbarrier
  kArrivalBeforeCopies,     // threads arrive before they issue their copies
  kTooFewArrivals,          // a phase expects fewer arrivals than it has
  kStoreNotReleased         // a plain store is read although no arrival has released it
};

struct ToyParameters {
  const float* values;
  float* sums;
  unsigned row_length, row_stride;  // one row per block; the stride is a multiple of 16 bytes
  Defect defect;
};

inline float* dynamic_shared_floats() { return reinterpret_cast<float*>(cuda_host::dynamic_shared()); }

// The sum of a block's values: a shuffle reduction in each warp, then a sum over the warps through shared memory.
inline float block_sum(float value, Defect defect) {
  float* partial = dynamic_shared_floats();
  unsigned mask = defect == Defect::kDifferentMasks && threadIdx.x % 2 == 1 ? 0xaaaaaaaau : ~0u;
  unsigned lane = threadIdx.x % 32;
  for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(mask, value, bits);
  if (defect == Defect::kLaneOutsideMask && lane < 16) value += 0 * __shfl_down_sync(0xffffu, value, 1, 32);
  if (lane == 0) partial[threadIdx.x / 32] = value;
  if (defect != Defect::kMissingBarrier) __syncthreads();
  float sum = 0;
  for (unsigned warp = 0; warp < blockDim.x / 32; warp++) sum += partial[warp];
  if (defect != Defect::kMissingSecondBarrier) __syncthreads();
  return sum;
}

inline void toy_sum(const ToyParameters p) {
  const float* row = p.values + size_t(blockIdx.x) * p.row_stride;
  float own = 0;
  unsigned vectors = p.row_length / 4 + (p.defect == Defect::kReadPastTail ? 1 : 0);
  for (unsigned v = threadIdx.x; v < vectors; v += blockDim.x) {
    const float* start = row + 4 * size_t(v) + (p.defect == Defect::kMisalignedVector && v == 1 ? 1 : 0);
    uint4 bits = cuda_host::load_vector(start);
    float four[4];
    memcpy(four, &bits, 16);
    own += four[0] + four[1] + four[2] + four[3];
  }
  for (unsigned i = p.row_length / 4 * 4 + threadIdx.x; i < p.row_length; i += blockDim.x) own += row[i];
  float once = block_sum(own, p.defect);
  float twice = block_sum(2 * own, p.defect);
  if (p.defect == Defect::kDivergentBarrier && threadIdx.x < 32) __syncthreads();
  if (threadIdx.x == blockDim.x - 1) p.sums[blockIdx.x] = twice - once;
}

// Every block of a cluster adds the sums of all blocks, which it reads in distributed shared memory.
inline void toy_cluster_sum(const ToyParameters p) {
  cuda_host::cluster_arrive();
  cuda_host::cluster_wait();  // from here all blocks have started
  float own = 0;
  for (unsigned i = threadIdx.x; i < p.row_length; i += blockDim.x)
    own += p.values[size_t(blockIdx.x) * p.row_stride + i];
  float sum = block_sum(own, Defect::kNone);
  float* buffer = dynamic_shared_floats() + 32;
  if (threadIdx.x == 0) *buffer = sum;
  if (p.defect == Defect::kBlockBarrierForCluster) {
    __syncthreads();
  } else {
    cuda_host::cluster_arrive();
    cuda_host::cluster_wait();
  }
  float total = 0;
  if (threadIdx.x == 0)
    for (unsigned rank = 0; rank < cuda_host::cluster_size(); rank++)
      total += *static_cast<float*>(cuda_host::map_shared_rank(buffer, rank));
  if (p.defect != Defect::kEarlyExit) {
    cuda_host::cluster_arrive();
    cuda_host::cluster_wait();
  }
  if (threadIdx.x == 0) p.sums[blockIdx.x] = total;
}

// The same sum by asynchronous stores to all blocks, in several rounds. Even and odd rounds use different buffers.
inline void toy_exchange_sum(const ToyParameters p) {
  const unsigned blocks = cuda_host::cluster_size(), rank = cuda_host::cluster_rank(), rounds = 5;
  uint64_t* barriers = reinterpret_cast<uint64_t*>(cuda_host::dynamic_shared());
  float* buffers = dynamic_shared_floats() + 4;
  if (threadIdx.x == 0) cuda_host::mbarrier_init(barriers, 2, 1);
  if (p.defect != Defect::kStoreBeforeClusterSync) {
    cuda_host::cluster_arrive();
    cuda_host::cluster_wait();
  }
  float own = threadIdx.x == 0 ? 1 : 0, total = 0;
  for (unsigned i = threadIdx.x; i < p.row_length; i += blockDim.x)
    own += p.values[size_t(blockIdx.x) * p.row_stride + i];
  for (int bits = 16; bits > 0; bits /= 2) own += __shfl_xor_sync(~0u, own, bits);
  const unsigned lane = threadIdx.x % 32, warps = blockDim.x / 32, entries = blocks * warps;
  for (unsigned round = 0; round < rounds; round++) {
    const unsigned buffer = p.defect == Defect::kSingleBuffer ? 0 : round % 2,
                   parity = (p.defect == Defect::kSingleBuffer ? round : round / 2) % 2;
    unsigned bytes = 4 * entries;
    if (p.defect == Defect::kTooFewBytes) bytes -= 4;
    if (p.defect == Defect::kTooManyBytes) bytes += 4;
    if (threadIdx.x == 0 && !(p.defect == Defect::kMissingExpect && round == 3))
      cuda_host::mbarrier_expect(barriers + buffer, bytes);
    if (threadIdx.x == 0 && p.defect == Defect::kOverwrittenMbarrier) memset(barriers, 0, 4);
    __syncwarp();
    float sent = own + static_cast<float>(round);
    uint32_t address =
        lane < blocks ? cuda_host::cluster_address(buffers + buffer * entries + rank * warps + threadIdx.x / 32, lane)
                      : 0;
    if (lane < blocks) cuda_host::store_async(address, &sent, 4, cuda_host::cluster_address(barriers + buffer, lane));
    if (p.defect != Defect::kReadBeforeMbarrierWait) cuda_host::mbarrier_wait(barriers + buffer, parity);
    total = 0;
    for (unsigned entry = 0; entry < entries; entry++)
      total += buffers[buffer * entries + entry] - static_cast<float>(round);
    total -= static_cast<float>(blocks);
  }
  if (threadIdx.x == 0) p.sums[blockIdx.x] = total;
}

// Copies a row to shared memory asynchronously, one commit group per vector, and sums it there.
inline void toy_copy_sum(const ToyParameters p) {
  float* copied = dynamic_shared_floats() + 64;
  const float* row = p.values + size_t(blockIdx.x) * p.row_stride;
  unsigned vectors = p.row_length / 4;
  for (unsigned v = threadIdx.x; v < vectors; v += blockDim.x) {
    cuda_host::async_copy(copied + 4 * v, row + 4 * v, 16);
    cuda_host::async_commit();
  }
  cuda_host::async_wait(p.defect == Defect::kReadBeforeCopyWait ? 1 : 0);
  float own = 0;
  for (unsigned v = threadIdx.x; v < vectors; v += blockDim.x)
    for (unsigned i = 0; i < 4; i++) own += copied[4 * v + i];
  cuda_host::async_wait(0);
  float sum = block_sum(own, Defect::kNone);
  if (threadIdx.x == 0) p.sums[blockIdx.x] = sum;
}

// The threads of one warp copy a row to shared memory, a part in each round, and store the round's number. The threads
// of another warp sum the part. Full rounds are counted by arrivals that follow the copies, and by one that
// releases the number.
inline void toy_copied_by_others_sum(const ToyParameters p) {
  uint64_t* full = reinterpret_cast<uint64_t*>(dynamic_shared_floats() + 32);
  uint64_t* empty = full + 1;
  float* number = dynamic_shared_floats() + 40;
  float* copied = dynamic_shared_floats() + 64;
  const float* row = p.values + size_t(blockIdx.x) * p.row_stride;
  const unsigned vectors = p.row_length / 4, rounds = 4, lane = threadIdx.x % 32;
  const bool few = p.defect == Defect::kTooFewArrivals || p.defect == Defect::kStoreNotReleased;
  if (threadIdx.x == 0) {
    cuda_host::mbarrier_init(full, 1, few ? 32 : 33);
    cuda_host::mbarrier_init(empty, 1, 32);
  }
  __syncthreads();
  float own = 0;
  for (unsigned round = 0; round < rounds && threadIdx.x < 64; round++) {
    const unsigned begin = vectors * round / rounds, count = vectors * (round + 1) / rounds - begin;
    if (threadIdx.x < 32) {
      if (round > 0) cuda_host::mbarrier_wait(empty, (round - 1) % 2);
      if (p.defect == Defect::kArrivalBeforeCopies) cuda_host::mbarrier_arrive_after_copies(full);
      if (lane == 0) *number = static_cast<float>(round);
      __syncwarp();
      if (lane == 0 && p.defect != Defect::kStoreNotReleased) cuda_host::mbarrier_arrive(full);
      for (unsigned v = lane; v < count; v += 32) cuda_host::async_copy(copied + 4 * v, row + 4 * (begin + v), 16);
      if (p.defect != Defect::kArrivalBeforeCopies) cuda_host::mbarrier_arrive_after_copies(full);
    } else {
      if (p.defect != Defect::kReadBeforeArrival) cuda_host::mbarrier_wait(full, round % 2);
      const float factor = *number - static_cast<float>(round) + 1;
      for (unsigned v = lane; v < count; v += 32)
        for (unsigned i = 0; i < 4; i++) own += copied[4 * v + i] * factor;
      __syncwarp();
      cuda_host::mbarrier_arrive(empty);
    }
  }
  float sum = block_sum(own, Defect::kNone);
  if (threadIdx.x == 0) p.sums[blockIdx.x] = sum;
}
