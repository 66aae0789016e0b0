// Small kernels that use every part of the runtime, each with places where a defect can be planted.
#pragma once
#include "cuda_host.h"

enum class Defect {
    none,
    missingBarrier,       // a block reads a sum before it is written
    reusedTooEarly,       // shared memory of one round is overwritten while the round is still read
    tailOverRead,         // the last vector reaches past the row
    misalignedVector,     // a 16-byte read at a 4-byte address
    wrongMask,            // some lanes name fewer lanes than the others
    absentLane,           // a shuffle reads a lane that its mask does not name
    weakClusterBarrier,   // a block barrier where the cluster must meet
    earlyExit,            // a block leaves while others read its shared memory
    copyWithoutWait,      // an async copy is read before it landed
    divergentBarrier,     // some threads skip a barrier
    unmetBlocks,          // an asynchronous store to a block that may not have begun
    uncountedWait,        // what was sent is read without a wait for it
    fewerBytes,           // an mbarrier is told of fewer bytes than come
    moreBytes,            // ... of more
    silentPhase,          // ... of none
    oneSlot,              // what comes next overwrites what may still be read
    brokenMbarrier        // other data lies on an mbarrier
};

struct ToyParameters {
    const float* values;
    float* sums;
    unsigned rowLength, rowStride;  // one row per block; the stride keeps rows aligned to 16 bytes
    Defect defect;
};

inline float* dynamicSharedFloats() { return reinterpret_cast<float*>(cuda_host::dynamicShared()); }

/// Sums each block's values in two rounds: warps by shuffle, then the block through shared memory.
inline float blockSum(float value, Defect defect) {
    float* partial = dynamicSharedFloats();
    unsigned mask = defect == Defect::wrongMask && threadIdx.x % 2 == 1 ? 0xaaaaaaaau : ~0u;
    unsigned lane = threadIdx.x % 32;
    for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(mask, value, bits);
    if (defect == Defect::absentLane && lane < 16) value += 0 * __shfl_down_sync(0xffffu, value, 1, 32);
    if (lane == 0) partial[threadIdx.x / 32] = value;
    if (defect != Defect::missingBarrier) __syncthreads();
    float sum = 0;
    for (unsigned warp = 0; warp < blockDim.x / 32; warp++) sum += partial[warp];
    if (defect != Defect::reusedTooEarly) __syncthreads();
    return sum;
}

inline void toySum(const ToyParameters p) {
    const float* row = p.values + size_t(blockIdx.x) * p.rowStride;
    float own = 0;
    unsigned vectors = p.rowLength / 4 + (p.defect == Defect::tailOverRead ? 1 : 0);
    for (unsigned v = threadIdx.x; v < vectors; v += blockDim.x) {
        const float* start = row + 4 * size_t(v) + (p.defect == Defect::misalignedVector && v == 1 ? 1 : 0);
        uint4 bits = cuda_host::loadVector(start);
        float four[4];
        memcpy(four, &bits, 16);
        own += four[0] + four[1] + four[2] + four[3];
    }
    for (unsigned i = p.rowLength / 4 * 4 + threadIdx.x; i < p.rowLength; i += blockDim.x) own += row[i];
    float once = blockSum(own, p.defect);
    float twice = blockSum(2 * own, p.defect);
    if (p.defect == Defect::divergentBarrier && threadIdx.x < 32) __syncthreads();
    if (threadIdx.x == blockDim.x - 1) p.sums[blockIdx.x] = twice - once;
}

/// Every block of a cluster adds up all blocks' sums, read over distributed shared memory.
inline void toyClusterSum(const ToyParameters p) {
    cuda_host::clusterArrive();
    cuda_host::clusterWait();   // all blocks have begun
    float own = 0;
    for (unsigned i = threadIdx.x; i < p.rowLength; i += blockDim.x)
        own += p.values[size_t(blockIdx.x) * p.rowStride + i];
    float sum = blockSum(own, Defect::none);
    float* slot = dynamicSharedFloats() + 32;
    if (threadIdx.x == 0) *slot = sum;
    if (p.defect == Defect::weakClusterBarrier) {
        __syncthreads();
    } else {
        cuda_host::clusterArrive();
        cuda_host::clusterWait();
    }
    float total = 0;
    if (threadIdx.x == 0)
        for (unsigned rank = 0; rank < cuda_host::clusterSize(); rank++)
            total += *static_cast<float*>(cuda_host::remoteShared(slot, rank));
    if (p.defect != Defect::earlyExit) {
        cuda_host::clusterArrive();
        cuda_host::clusterWait();
    }
    if (threadIdx.x == 0) p.sums[blockIdx.x] = total;
}

/// The same, the sums sent to all blocks by asynchronous stores, several rounds of them in two slots that take turns.
inline void toyExchangeSum(const ToyParameters p) {
    const unsigned blocks = cuda_host::clusterSize(), rank = cuda_host::clusterRank(), rounds = 5;
    uint64_t* barriers = reinterpret_cast<uint64_t*>(cuda_host::dynamicShared());
    float* slots = dynamicSharedFloats() + 4;
    if (threadIdx.x == 0) cuda_host::mbarrierInit(barriers, 2);
    if (p.defect != Defect::unmetBlocks) {
        cuda_host::clusterArrive();
        cuda_host::clusterWait();
    }
    float own = threadIdx.x == 0 ? 1 : 0, total = 0;
    for (unsigned i = threadIdx.x; i < p.rowLength; i += blockDim.x) own += p.values[size_t(blockIdx.x) * p.rowStride + i];
    for (int bits = 16; bits > 0; bits /= 2) own += __shfl_xor_sync(~0u, own, bits);
    const unsigned lane = threadIdx.x % 32, warps = blockDim.x / 32, entries = blocks * warps;
    for (unsigned round = 0; round < rounds; round++) {
        const unsigned slot = p.defect == Defect::oneSlot ? 0 : round % 2, parity = (p.defect == Defect::oneSlot ? round : round / 2) % 2;
        unsigned bytes = 4 * entries;
        if (p.defect == Defect::fewerBytes) bytes -= 4;
        if (p.defect == Defect::moreBytes) bytes += 4;
        if (threadIdx.x == 0 && !(p.defect == Defect::silentPhase && round == 3)) cuda_host::mbarrierExpect(barriers + slot, bytes);
        if (threadIdx.x == 0 && p.defect == Defect::brokenMbarrier) memset(barriers, 0, 4);
        __syncwarp();
        float sent = own + static_cast<float>(round);
        uint32_t place = lane < blocks ? cuda_host::clusterPlace(slots + slot * entries + rank * warps + threadIdx.x / 32, lane) : 0;
        if (lane < blocks) cuda_host::storeAsync(place, &sent, 4, cuda_host::clusterPlace(barriers + slot, lane));
        if (p.defect != Defect::uncountedWait) cuda_host::mbarrierWait(barriers + slot, parity);
        total = 0;
        for (unsigned entry = 0; entry < entries; entry++) total += slots[slot * entries + entry] - static_cast<float>(round);
        total -= static_cast<float>(blocks);
    }
    if (threadIdx.x == 0) p.sums[blockIdx.x] = total;
}

/// Sums a row that async copies bring to shared memory, two groups in flight.
inline void toyCopySum(const ToyParameters p) {
    float* kept = dynamicSharedFloats() + 64;
    const float* row = p.values + size_t(blockIdx.x) * p.rowStride;
    unsigned vectors = p.rowLength / 4;
    for (unsigned v = threadIdx.x; v < vectors; v += blockDim.x) {
        cuda_host::asyncCopy(kept + 4 * v, row + 4 * v, 16);
        cuda_host::asyncCommit();
    }
    cuda_host::asyncWait(p.defect == Defect::copyWithoutWait ? 1 : 0);
    float own = 0;
    for (unsigned v = threadIdx.x; v < vectors; v += blockDim.x)
        for (unsigned i = 0; i < 4; i++) own += kept[4 * v + i];
    cuda_host::asyncWait(0);
    float sum = blockSum(own, Defect::none);
    if (threadIdx.x == 0) p.sums[blockIdx.x] = sum;
}
