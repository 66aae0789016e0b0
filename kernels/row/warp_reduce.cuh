// Reductions over neighbouring lanes of a warp: sums, maxima, and RowPartials (partial.cuh). The order of operations is
// fixed, so that equal inputs give equal bits.
//
// With ONE_ROW = true the whole warp works on one row, and all groups of LANES lanes hold the same values.
#pragma once

#include "../float_math.cuh"

namespace temper {

struct Sum {
  static constexpr bool kIsSum = true;
  __device__ __forceinline__ static float identity() { return 0; }
  __device__ __forceinline__ static float combine(float a, float b) { return a + b; }
};

struct Max {
  static constexpr bool kIsSum = false;
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

// One step of sum_of_warp(). Two lanes whose ranks differ in the bit DISTANCE form a pair. Each lane sends one half of
// its N values to the other lane, and adds the received half to the half that it keeps. With EXCHANGE = false both
// lanes hold the same values, so that each keeps a half and sends nothing.
template <int DISTANCE, bool EXCHANGE, int N>
__device__ __forceinline__ void halve(float (&values)[N], uint32_t mask) {
  bool upper = (threadIdx.x & DISTANCE) != 0;
#pragma unroll
  for (int i = 0; i < N / 2; i++) {
    float low = values[i], high = values[i + N / 2];
    values[i] = upper ? high : low;
    if constexpr (EXCHANGE) values[i] += __shfl_xor_sync(mask, upper ? low : high, DISTANCE);
  }
}

// The sums of N (at most four) values over LANES neighbouring lanes of a warp that works on one row. After the first
// steps each lane sums only one of the values, which takes half as many shuffles as reduce_lanes().
template <int LANES, int N> __device__ __forceinline__ void sum_of_warp(float* values, uint32_t mask) {
  constexpr int kHalvings = N > 2 ? 2 : N > 1 ? 1 : 0;
  float parts[4] = {};
#pragma unroll
  for (int i = 0; i < N; i++) parts[i] = values[i];
  if constexpr (kHalvings == 2) halve<16, (LANES > 16)>(parts, mask);
  float pair[2] = {parts[0], parts[1]};
  if constexpr (kHalvings > 0) halve<(32 >> kHalvings), (LANES > 32 >> kHalvings)>(pair, mask);
#pragma unroll
  for (int distance = 16 >> kHalvings; distance > 0; distance /= 2)
    if (distance < LANES) pair[0] += __shfl_xor_sync(mask, pair[0], distance);
#pragma unroll
  for (int i = 0; i < N; i++) values[i] = N == 1 ? pair[0] : __shfl_sync(mask, pair[0], i * (32 >> kHalvings));
}

// The maxima of student and teacher over LANES neighbouring lanes of a warp.
template <int LANES, bool ONE_ROW, bool TEACHER>
__device__ __forceinline__ void max_of_lanes(float (&maxima)[2], uint32_t mask) {
  if constexpr (ONE_ROW) {
    maxima[0] = warp_max(maxima[0]);
    if constexpr (TEACHER) maxima[1] = warp_max(maxima[1]);
  } else {
    reduce_lanes<Max, LANES>(maxima, mask);
  }
}

// Adds the sums of RowPartials over LANES neighbouring lanes of a warp. All partials must have the same shifts.
template <int LANES, bool ONE_ROW, class Partial>
__device__ __forceinline__ void add_lanes_of(Partial& partial, uint32_t mask) {
  float sums[Partial::kSums];
  partial.sums.get(sums);
  if constexpr (ONE_ROW) {
    constexpr int kFours = Partial::kSums / 4, kRest = Partial::kSums % 4;
#pragma unroll
    for (int i = 0; i < kFours; i++) sum_of_warp<LANES, 4>(sums + 4 * i, mask);
    if constexpr (kRest > 0) sum_of_warp<LANES, kRest>(sums + 4 * kFours, mask);
  } else {
    reduce_lanes<Sum, LANES>(sums, mask);
  }
  partial.sums.set(sums);
}

// Reduction over LANES neighbouring lanes of a warp that works on one row.
template <class Op, int LANES, int N> __device__ __forceinline__ void reduce_warp(float (&values)[N]) {
  if constexpr (Op::kIsSum && N <= 4)
    sum_of_warp<LANES, N>(values, ~0u);
  else
    reduce_lanes<Op, LANES>(values, ~0u);
}

// Merges RowPartials over LANES neighbouring lanes of a warp.
template <int LANES, bool ONE_ROW, class Partial>
__device__ __forceinline__ void merge_lanes(Partial& partial, uint32_t mask) {
  float maxima[2] = {partial.student_max, partial.teacher_max};
  max_of_lanes<LANES, ONE_ROW, Partial::kTeacher>(maxima, mask);
  partial.move_to(maxima[0], maxima[1]);
  add_lanes_of<LANES, ONE_ROW>(partial, mask);
}

}  // namespace temper
