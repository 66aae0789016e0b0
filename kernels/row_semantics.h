// The small per-row and per-batch inputs: labels, the status left by the check kernel, the divisor.
#pragma once

#include "float_math.cuh"

namespace temper {

__device__ __forceinline__ int64_t label_of(const LossParameters& p, int64_t row) {
  return p.label_bytes == 8 ? static_cast<const int64_t*>(p.labels)[row] : static_cast<const int32_t*>(p.labels)[row];
}

__device__ __forceinline__ bool refused(const BatchStatus* status) {
  return status != nullptr && (status->bad_label | status->bad_weight | status->bad_temperature) != 0;
}

__device__ __forceinline__ double divisor_of(const LossParameters& p) {
  if (p.divisor_kind == kDivisorGiven) return p.divisor;
  return p.status == nullptr ? double(p.rows) : double(p.status->counted_rows);
}

}  // namespace temper
