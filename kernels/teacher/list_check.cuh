// The check of lists of classes, before anything is written. A warp checks one row after the other.
#pragma once

#include "../row_inputs.cuh"
#include "../row/thread_group.cuh"
#include "list_slots.cuh"

namespace temper {

// What a lane finds in its slots of a row: whether all of them are valid, and the sums of their probabilities and of
// the rounding errors of these.
struct ListCheck {
  const LossParameters& p;
  int64_t row;
  bool valid = true;
  float mass = 0, error = 0;

  __device__ __forceinline__ void check_slots(int lane) {
    const int32_t* ids = p.teacher_ids + row * p.teacher_slots;
    for (int slot = lane; slot < p.teacher_slots; slot += 32) {
      int id = ids[slot];
      if (id == -1) continue;
      if (unsigned(id) >= unsigned(p.classes)) valid = false;
      for (int other = 0; other < slot; other++)
        if (ids[other] == id) valid = false;
      float value = load_element(p.teacher, row * p.teacher_stride + slot, p.teacher_dtype);
      if (p.teacher_weights != 0) {
        if (!(value >= 0 && value <= kLargest)) valid = false;
      } else if (!(value <= kLargest)) {
        valid = false;
      } else {
        add(value);
      }
    }
  }

  __device__ __forceinline__ void add(float value) {
    float limited = min(max(value, -1000.0f), 8.0f), e = exp2(limited * kLog2E);
    mass += e;
    error += e * (1.0f + abs(limited));
  }

  __device__ __forceinline__ bool has_mass() const {
    if (p.teacher_weights != 0) return true;
    if (!is_mass(mass, error, p.teacher_dtype)) return false;
    if (p.teacher_log_tail == nullptr) return true;
    float tail = p.teacher_log_tail[row];
    float outside = exp2(min(max(tail, -1000.0f), 8.0f) * kLog2E);
    return tail <= kLargest && is_mass(mass + outside, error, p.teacher_dtype);
  }
};

// A row that does not contribute is not checked.
__device__ __forceinline__ void check_lists(const LossParameters& p) {
  int lane = int(threadIdx.x % 32);
  int64_t warps = int64_t(gridDim.x) * (blockDim.x / 32);
  for (int64_t row = int64_t(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32; row < p.rows; row += warps) {
    if (!load_task(p, row).contributes()) continue;
    ListCheck check{p, row};
    check.check_slots(lane);
    float sums[3] = {check.mass, check.error, check.valid ? 0.0f : 1.0f};
    reduce_lanes<Sum, 32>(sums, ~0u);
    check.mass = sums[0];
    check.error = sums[1];
    if (lane == 0 && (sums[2] > 0 || !check.has_mass())) note_first(&p.status->bad_teacher, row);
  }
}

}  // namespace temper
