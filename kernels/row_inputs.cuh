// The inputs of a row besides its logits, as the check, loss and totals kernels load them.
#pragma once

#include "float_math.cuh"
#include "row_semantics.h"

namespace temper {

__device__ __forceinline__ int64_t label_of(const LossParameters& p, int64_t row) {
  return p.label_bytes == 8 ? static_cast<const int64_t*>(p.labels)[row] : static_cast<const int32_t*>(p.labels)[row];
}

// Records a row as invalid in a field of BatchStatus. The largest ~row belongs to the first row, and integer maxima do
// not depend on the order of the threads.
__device__ __forceinline__ void note_first(uint64_t* first, int64_t row) {
  atomicMax(reinterpret_cast<unsigned long long*>(first), static_cast<unsigned long long>(~uint64_t(row)));
}

// Returns the task of a row. Beyond the last row the task does not contribute.
__device__ __forceinline__ RowTask load_task(const LossParameters& p, int64_t row) {
  if (row >= p.rows) return RowTask();
  int64_t label = p.labels == nullptr ? 0 : label_of(p, row);
  float weight = p.row_weights == nullptr ? 1.0f : p.row_weights[row];
  float temperature = p.row_temperatures == nullptr ? p.temperature : p.row_temperatures[row];
  RowTask task = RowTask::of(p, label, weight, temperature);
  if (p.teacher_row_index == nullptr)
    task.teacher_row = row;
  else
    task.select_teacher_row(p, p.teacher_row_index[row]);
  return task;
}

__device__ __forceinline__ int64_t labelled_rows(const LossParameters& p) {
  return p.status == nullptr ? p.rows : int64_t(p.status->labelled_rows);
}

// The error bits of BatchTotals.bad_denominators.
__device__ __forceinline__ int64_t bad_denominators(const LossParameters& p) {
  bool soft = p.soft_divisor_kind == kDivisorOnDevice && !is_denominator(*p.soft_denominator);
  bool hard = p.hard_divisor_kind == kDivisorOnDevice && !is_denominator(*p.hard_denominator);
  return (soft ? 1 : 0) | (hard ? 2 : 0);
}

// The constants of a launch. One thread of a block computes them, because f64 division is slow.
struct LaunchConstants {
  GradientFactors factors;
  int32_t invalid;  // 1: an invalid row or denominator was found, and nothing is written
  int32_t labelled;  // the labelled rows; used in a single launch only (single_launch.cuh), whose batch is small

  __device__ __forceinline__ static LaunchConstants of(const LossParameters& p, bool invalid_row,
                                                       int64_t labelled) {
    bool invalid = invalid_row || bad_denominators(p) != 0;
    return {GradientFactors::of(p, Divisors::of(p, labelled)), invalid ? 1 : 0, int32_t(labelled)};
  }
  __device__ __forceinline__ static LaunchConstants of(const LossParameters& p) {
    return of(p, p.status != nullptr && has_invalid_row(*p.status), labelled_rows(p));
  }
};

// Bytes of shared memory that every thread group reserves for the LaunchConstants of its block.
constexpr int kConstantsBytes = 16;
static_assert(sizeof(LaunchConstants) <= kConstantsBytes, "the shared memory has room for kConstantsBytes");

}  // namespace temper
