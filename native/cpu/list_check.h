// The check of lists of classes before anything is written: ids, log-probabilities, weights and masses.
#pragma once

#include "list_slots.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

// Finds a class that a list contains twice. A mark stands for all classes with one remainder modulo kMarks. If a mark
// is set twice, all pairs of the list are compared.
struct SeenClasses {
  static constexpr int kMarks = 1 << 14;
  alignas(64) uint8_t marks[kMarks];

  bool repeats(const ListSlots& slots, int classes) {
    alignas(64) int32_t place[kListRoom];
    for (int i = 0; i < kMarks && i < classes; i += (int)sizeof(I)) store(I{}, (int*)(marks + i));
    for (int i = 0; i < slots.count; i += kLanes) store(load(slots.id + i) & (kMarks - 1), place + i);
    uint8_t again = 0, *at = marks;  // fewer than 256, because the first slot sets a mark that was 0
    for_each(0, slots.count, [&again, &place, at](int64_t i) {
      again += at[place[i]];
      at[place[i]] = 1;
    });
    return again != 0 && has_pair(slots);
  }

 private:
  static TEMPER_RARE bool has_pair(const ListSlots& slots) {
    I found = {};
    for (int i = 1; i < slots.count; i++)
      for (int k = 0; k < i; k += kLanes)
        found |= (load(slots.id + k) == slots.id[i]) & (lane_numbers() < i - k);
    return any(found);
  }
};

bool is_list(const LossJob& job, int64_t row, SeenClasses& seen) {
  const LossParameters& p = job.parameters;
  ListSlots slots;
  slots.read(job, row);
  slots.prefetch(job, row + 1);
  if (!slots.valid || seen.repeats(slots, p.classes)) return false;
  bool weights = p.teacher_weights != 0;
  V mass = {}, error = {};
  I bad = {};
  for (int i = 0; i < slots.count; i += kLanes) {
    V value = load(slots.values + i);
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
