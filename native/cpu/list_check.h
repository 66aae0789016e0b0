// The check of lists of classes before anything is written: ids, log-probabilities, weights and masses.
#pragma once

#include "list_entries.h"

namespace temper {
namespace {

// Finds a class that a list contains twice. A mark stands for all classes with one remainder modulo kMarks. If a mark
// was set before, all pairs of the list are compared. Marks of earlier rows have other numbers and need no clearing.
struct SeenClasses {
  static constexpr int kMarks = 1 << 14;
  uint8_t marks[kMarks + kListRoom] = {};
  uint8_t number = 0;  // of the row

  bool repeats(const ListIds& ids) {
    if (++number == 0) *this = SeenClasses(), number = 1;
    alignas(64) int at[kListRoom];
    for (int i = 0; i < ids.end; i += kLanes) {
      I id = load(ids.id + i);
      store(id >= 0 ? id & (kMarks - 1) : lane_numbers() + (kMarks + i), at + i);  // unused slots have their own marks
    }
    bool again = false;
    uint8_t now = number;
    int end = ids.end;
    for (int i = 0; i < end; i++) {
      again |= marks[at[i]] == now;
      marks[at[i]] = now;
    }
    return again && has_pair(ids);
  }

 private:
  static TEMPER_RARE bool has_pair(const ListIds& ids) {
    I found = {};
    for (int i = 1; i < ids.end; i++)
      if (ids.id[i] >= 0)
        for (int k = 0; k < i; k += kLanes)
          found |= (load(ids.id + k) == ids.id[i]) & (lane_numbers() < i - k);
    return any(found);
  }
};

bool is_list(const LossJob& job, int64_t row, SeenClasses& seen) {
  const LossParameters& p = job.parameters;
  ListIds ids;
  ids.read(p, row);
  if (!ids.valid || seen.repeats(ids)) return false;
  alignas(64) float buffer[kListRoom];
  const float* values = load_block(job.teacher.dtype, address(job.teacher, row, 0), ids.end, 0.0f, buffer);
  bool weights = p.teacher_weights != 0;
  V mass = {}, error = {};
  I bad = {};
  for (int i = 0; i < ids.end; i += kLanes) {
    V value = select(load(ids.id + i) != -1, load(values + i), splat(weights ? 0.0f : -kInfinity));
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
