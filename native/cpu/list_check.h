// The check of lists of classes before anything is written: ids, log-probabilities, weights and masses.
#pragma once

#include "list_entries.h"

namespace temper {
namespace {

// The classes of one row that were seen so far: a hash table with open addressing, which is empty for a new stamp.
struct SeenClasses {
  static constexpr int kSize = 4 * kMostSlots;
  uint32_t stamp = 0;
  uint32_t stamps[kSize] = {};
  int32_t ids[kSize];

  // Returns whether the class was seen before.
  TEMPER_INLINE bool add(int32_t id) {
    uint32_t at = (uint32_t)id * 2654435761u >> 22;
    static_assert(kSize == 1 << 10, "the shift keeps ten bits");
    for (; stamps[at] == stamp; at = (at + 1) % kSize)
      if (ids[at] == id) return true;
    stamps[at] = stamp;
    ids[at] = id;
    return false;
  }
};

// A mass may exceed 1 by the rounding of its log-probabilities. The last term is the error of the sum computed here.
TEMPER_INLINE bool is_mass(float mass, float error, int32_t dtype) {
  return mass <= 1 + error * roundoff_of(dtype) + 0x1p-20f + 2e-6f;
}

bool is_list(const LossJob& job, int64_t row, SeenClasses& seen) {
  const LossParameters& p = job.parameters;
  alignas(64) float buffer[kListRoom], used[kListRoom];
  const float* values = load_block(job.teacher.dtype, address(job.teacher, row, 0), p.teacher_slots, 0.0f, buffer);
  int count = 0;
  seen.stamp++;
  for (int slot = 0; slot < p.teacher_slots; slot++) {
    int32_t id = read_once<int32_t>(p.teacher_ids, row * p.teacher_slots + slot);
    if (id == -1) continue;
    if ((uint32_t)id >= (uint32_t)p.classes || seen.add(id)) return false;
    used[count++] = read_float_once(values, slot);
  }
  bool weights = p.teacher_weights != 0;
  for (int i = count; i < padded(count); i++) used[i] = weights ? 0.0f : -kInfinity;
  V mass = {}, error = {};
  I bad = {};
  for (int i = 0; i < padded(count); i += kLanes) {
    V value = load(used + i);
    bad |= weights ? ~((value >= 0.0f) & (value <= kLargest)) : ~(value <= kLargest);
    V limited = max(min(value, splat(8.0f)), splat(-1000.0f)), e = exp2(limited * kLog2E);
    mass += e;
    error += e * (1.0f + abs(limited));
  }
  if (any(bad)) return false;
  if (weights) return true;
  float total = sum_lanes(mass), rounding = sum_lanes(error);
  if (!is_mass(total, rounding, p.teacher_dtype)) return false;
  if (p.teacher_log_tail == nullptr || p.teacher_tail != kBucket) return true;
  float tail = read_float_once(p.teacher_log_tail, row);
  if (!(tail <= kLargest)) return false;
  float outside = tail > 8 ? kInfinity : first_lane(exp2(max(splat(tail), splat(-1000.0f)) * kLog2E));
  return is_mass(total + outside, rounding, p.teacher_dtype);
}

// Returns the first row in [first, last) with an invalid list, or -1. A row that does not contribute is not checked.
int64_t check_lists(const LossJob& job, int64_t first, int64_t last) {
  SeenClasses seen;
  for (int64_t row = first; row < last; row++)
    if (load_row_task(job, row).contributes() && !is_list(job, row, seen)) return row;
  return -1;
}

}  // namespace
}  // namespace temper
