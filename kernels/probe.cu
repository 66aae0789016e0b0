// Applies single functions of device.cuh to the given words, so that the host can check the results of a device. No
// loss uses this kernel. A specialisation is chosen by macros:
//   TEMPER_KERNEL    name of the entry point
//   TEMPER_THREADS   threads per block
//   TEMPER_CLUSTER   blocks per cluster; above 1 only the kClusterExchange operations are available
#include "row/ring_copies.cuh"
#include "specialisation.cuh"

namespace temper {

enum ProbeOperation : int32_t {
  kExp2,
  kWidenF16,
  kWidenBf16,
  kNarrowF16,
  kNarrowBf16,
  kWords2,
  kWords4,
  kWords8,
  kAsyncCopy8,
  kAsyncCopy16,
  kSharedMemory,
  kClusterExchange1,
  kExp2Normal,
  kMaxF16,
  kMaxBf16,
  kClusterExchange2,
  kClusterExchange4,
  kLog2Normal,
  kReciprocal,
  kWarpMax,
  kFunnelShift,
  kRing,
  kRingByGranules
};

// Copies the items in reverse order.
template <int WORDS> __device__ __forceinline__ void copy_words(const ProbeParameters& p, int64_t item) {
  uint32_t words[WORDS];
  const uint32_t* from = p.input + item * WORDS;
  keep_address(from);
  load_words(from, words);
#pragma unroll
  for (int w = 0; w < WORDS; w++) keep_packed(words[w]);
  store_words(p.output + (p.count - 1 - item) * WORDS, words);
}

// Writes the words twice: first as read back by the thread that copied them, then by another thread of the block.
template <int BYTES> __device__ __forceinline__ void copy_through_shared(const ProbeParameters& p, int64_t item) {
  constexpr int kWords = BYTES / 4;
  uint32_t* shared = reinterpret_cast<uint32_t*>(dynamic_shared());
  async_copy<BYTES>(shared + threadIdx.x * kWords, p.input + item * kWords);
  async_wait();
  for (int w = 0; w < kWords; w++) p.output[item * kWords + w] = shared[threadIdx.x * kWords + w];
  __syncthreads();
  uint32_t* others = p.output + p.count * kWords;
  for (int w = 0; w < kWords; w++) others[item * kWords + w] = shared[(blockDim.x - 1 - threadIdx.x) * kWords + w];
  __syncthreads();
}

__device__ __forceinline__ void probe_item(const ProbeParameters& p, int64_t item) {
  float low, high;
  switch (p.operation) {
    case kExp2: p.output[item] = bits_of(exp2(float_of(p.input[item]))); break;
    case kWidenF16:
      widen_f16_pair(p.input[item], low, high);
      p.output[2 * item] = bits_of(low);
      p.output[2 * item + 1] = bits_of(high);
      break;
    case kWidenBf16:
      widen_bf16_pair(p.input[item], low, high);
      p.output[2 * item] = bits_of(low);
      p.output[2 * item + 1] = bits_of(high);
      break;
    case kNarrowF16:
      p.output[item] = narrow_f16_pair(float_of(p.input[2 * item]), float_of(p.input[2 * item + 1]));
      break;
    case kNarrowBf16:
      p.output[item] = narrow_bf16_pair(float_of(p.input[2 * item]), float_of(p.input[2 * item + 1]));
      break;
    case kExp2Normal: p.output[item] = bits_of(exp2_normal(float_of(p.input[item]))); break;
    case kLog2Normal: p.output[item] = bits_of(log2_normal(float_of(p.input[item]))); break;
    case kReciprocal: p.output[item] = bits_of(reciprocal(float_of(p.input[item]))); break;
    case kWarpMax: p.output[item] = bits_of(warp_max(float_of(p.input[item]))); break;
    case kFunnelShift: p.output[item] = funnel_shift(p.input[2 * item], p.input[2 * item + 1], item % 32); break;
    case kMaxF16: p.output[item] = max_f16_pair(p.input[2 * item], p.input[2 * item + 1]); break;
    case kMaxBf16: p.output[item] = max_bf16_pair(p.input[2 * item], p.input[2 * item + 1]); break;
    case kWords2: copy_words<2>(p, item); break;
    case kWords4: copy_words<4>(p, item); break;
    case kWords8: copy_words<8>(p, item); break;
    case kAsyncCopy8: copy_through_shared<8>(p, item); break;
    case kAsyncCopy16: copy_through_shared<16>(p, item); break;
  }
}

// Writes all of a block's shared memory, and reads it in reverse order.
__device__ __forceinline__ void probe_shared_memory(const ProbeParameters& p) {
  uint32_t* shared = reinterpret_cast<uint32_t*>(dynamic_shared());
  for (int64_t word = threadIdx.x; word < p.count; word += blockDim.x) shared[word] = p.input[word] + blockIdx.x;
  __syncthreads();
  for (int64_t word = threadIdx.x; word < p.count; word += blockDim.x)
    p.output[blockIdx.x * p.count + word] = shared[p.count - 1 - word];
}

// A ring of two stages, as in row/ring_storage.cuh. In each of `count` rounds the last warp copies a stage. Each of the
// other threads writes the four words of the opposite thread, and they exchange a word each through a barrier of their
// own. At the end the block writes the size of its shared memory.
template <class Copies, int THREADS> __device__ __forceinline__ void probe_ring(const ProbeParameters& p) {
  constexpr int kConsumers = THREADS - 32, kWords = kConsumers * 4, kBytes = kWords * 4;
  uint64_t* full = reinterpret_cast<uint64_t*>(dynamic_shared());
  uint64_t* empty = full + 2;
  const uint32_t stages = shared_address(dynamic_shared()) + 32;
  uint32_t* exchange = reinterpret_cast<uint32_t*>(shared_at(stages + 2 * kBytes));
  if (threadIdx.x == 0) {
    mbarriers_init<2>(full, Copies::kArrivals);
    mbarriers_init<2>(empty, kConsumers / 32);
  }
  __syncthreads();
  for (int64_t round = 0; round < p.count; round++) {
    const int64_t base = (blockIdx.x * p.count + round) * kWords;
    const uint32_t stage = round % 2, parity = round / 2 % 2;
    if (threadIdx.x >= kConsumers) {
      if (round >= 2) mbarrier_wait(empty + stage, parity ^ 1);
      const StagePart parts[1] = {{shared_at(stages + stage * kBytes), p.input + base, kBytes}};
      Copies::fill(parts, full + stage);
      continue;
    }
    const uint32_t opposite = kConsumers - 1 - threadIdx.x;
    mbarrier_wait(full + stage, parity);
    const uint32_t* words = reinterpret_cast<const uint32_t*>(shared_at(stages + stage * kBytes));
    for (int w = 0; w < 4; w++) p.output[base + threadIdx.x * 4 + w] = words[opposite * 4 + w];
    exchange[threadIdx.x] = words[threadIdx.x * 4];
    __syncwarp();
    if (threadIdx.x % 32 == 0) mbarrier_arrive(empty + stage);
    named_barrier<kConsumers>();
    uint32_t* exchanged = p.output + gridDim.x * p.count * kWords + (blockIdx.x * p.count + round) * kConsumers;
    exchanged[threadIdx.x] = exchange[opposite];
    named_barrier<kConsumers>();
  }
  if (threadIdx.x == 0) p.output[gridDim.x * p.count * (kWords + kConsumers) + blockIdx.x] = dynamic_shared_bytes();
}

// The exchange of BlockGroup::reduce (row/block_group.cuh). In each of `count` rounds every warp stores WIDTH values
// in every block of the cluster. Rounds alternate between two slots, each with an mbarrier. Blocks of odd rank call
// mbarrier_expect() late, when bytes may already have arrived. After all values each block writes its rank.
template <int THREADS, int CLUSTER, int WIDTH> __device__ __forceinline__ void probe_cluster(const ProbeParameters& p) {
  constexpr int kWarps = THREADS / 32, kClusterWarps = kWarps * CLUSTER, kWords = kClusterWarps * WIDTH;
  uint64_t* barriers = reinterpret_cast<uint64_t*>(dynamic_shared());
  float* slots = reinterpret_cast<float*>(dynamic_shared() + 16);
  uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32, rank = cluster_rank();
  if (threadIdx.x == 0) mbarriers_init<2>(barriers, 1);
  cluster_arrive();
  cluster_wait();
  for (int64_t round = 0; round < p.count; round++) {
    int64_t base = (blockIdx.x * p.count + round) * kWords;
    uint32_t slot = round % 2, parity = round / 2 % 2;
    if (threadIdx.x == 0 && rank % 2 == 0) mbarrier_expect(barriers + slot, kWords * 4);
    __syncwarp();
    if (lane < CLUSTER) {
      float values[WIDTH];
#pragma unroll
      for (int w = 0; w < WIDTH; w++) values[w] = float_of(p.input[base + (warp * CLUSTER + lane) * WIDTH + w]);
      uint32_t shared = cluster_address(dynamic_shared(), lane);
      store_async(shared + 16 + (slot * kWords + (rank * kWarps + warp) * WIDTH) * 4, values, shared + slot * 8);
    }
    if (threadIdx.x == 0 && rank % 2 == 1) mbarrier_expect(barriers + slot, kWords * 4);
    mbarrier_wait(barriers + slot, parity);
    for (uint32_t word = threadIdx.x; word < kWords; word += THREADS)
      p.output[base + word] = bits_of(slots[slot * kWords + word]);
  }
  if (threadIdx.x == 0) p.output[gridDim.x * p.count * kWords + blockIdx.x] = rank;
}

}  // namespace temper

extern "C" __global__ void TEMPER_CLUSTER_DIMENSIONS(TEMPER_CLUSTER) TEMPER_LAUNCH_BOUNDS
    TEMPER_KERNEL(const __grid_constant__ temper::ProbeParameters p) {
  if constexpr (TEMPER_CLUSTER > 1) {
    if (p.operation == temper::kClusterExchange1) temper::probe_cluster<TEMPER_THREADS, TEMPER_CLUSTER, 1>(p);
    if (p.operation == temper::kClusterExchange2) temper::probe_cluster<TEMPER_THREADS, TEMPER_CLUSTER, 2>(p);
    if (p.operation == temper::kClusterExchange4) temper::probe_cluster<TEMPER_THREADS, TEMPER_CLUSTER, 4>(p);
  } else if (p.operation == temper::kSharedMemory) {
    temper::probe_shared_memory(p);
  } else if (p.operation == temper::kRing) {
    temper::probe_ring<temper::BulkCopies, TEMPER_THREADS>(p);
  } else if (p.operation == temper::kRingByGranules) {
    temper::probe_ring<temper::GranuleCopies, TEMPER_THREADS>(p);
  } else {
    int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t item = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; item < p.count; item += step)
      temper::probe_item(p, item);
  }
}
