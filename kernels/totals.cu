// Per-row losses to totals, in f64 and in an order that depends on the number of rows only. One block; O(rows).
#include "row_inputs.cuh"

namespace temper {

constexpr int kTotalsThreads = 512;

struct TotalsPart {
  double soft, hard, counted, non_finite;   // counts below 2^53
};

__device__ __forceinline__ void add_row(const LossParameters& p, int64_t row, TotalsPart& part) {
  if (p.labels != nullptr && label_of(p, row) == p.ignore_index) return;
  part.counted += 1;
  float weight = p.row_weights == nullptr ? 1.0f : p.row_weights[row];
  if (weight == 0) return;   // whatever the row holds
  double soft = p.soft_weight > 0 ? p.soft_weight * (double(weight) * p.row_soft[row]) : 0;
  double hard = p.hard_weight > 0 ? p.hard_weight * (double(weight) * p.row_hard[row]) : 0;
  part.soft += soft;
  part.hard += hard;
  double loss = soft + hard;
  part.non_finite += loss - loss == 0 ? 0 : 1;
}

}  // namespace temper

extern "C" __global__ void __launch_bounds__(512) temper_totals(const __grid_constant__ temper::LossParameters p) {
  using namespace temper;
  if (refused(p.status)) return;
  TotalsPart part = {0, 0, 0, 0};
  for (int64_t row = threadIdx.x; row < p.rows; row += kTotalsThreads) add_row(p, row, part);
  double values[4] = {part.soft, part.hard, part.counted, part.non_finite};
  for (int distance = 16; distance > 0; distance /= 2)
#pragma unroll
    for (int n = 0; n < 4; n++) values[n] += __shfl_xor_sync(~0u, values[n], distance);
  double* warps = reinterpret_cast<double*>(dynamic_shared());   // [4][kTotalsThreads / 32]
  constexpr int kWarps = kTotalsThreads / 32;
  if (threadIdx.x % 32 == 0)
#pragma unroll
    for (int n = 0; n < 4; n++) warps[n * kWarps + threadIdx.x / 32] = values[n];
  __syncthreads();
  if (threadIdx.x != 0) return;
#pragma unroll
  for (int n = 0; n < 4; n++) {
    values[n] = 0;
    for (int warp = 0; warp < kWarps; warp++) values[n] += warps[n * kWarps + warp];
  }
  double divisor = divisor_of(p);
  bool none = values[2] == 0;   // no rows counted: 0, never 0/0
  double soft = none ? 0 : values[0] / divisor, hard = none ? 0 : values[1] / divisor;
  *p.totals = {soft + hard, soft, hard, int64_t(values[2]), int64_t(values[3])};
}
