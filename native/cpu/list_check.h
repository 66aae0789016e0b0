// The check of lists of classes before anything is written: ids, log-probabilities, weights and masses.
#pragma once

#include "list_slots.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

// Finds a class that a list contains twice. A mark stands for all classes with one remainder modulo kMarks. If a mark
// is set twice, all pairs of the list are compared. Each row sets another bit of the marks, so that eight rows need to
// clear them only once.
struct SeenClasses {
  static constexpr int kMarks = 1 << 14;
  alignas(64) uint8_t marks[kMarks];
  uint8_t bit = 0;  // that of the row

  TEMPER_INLINE bool repeats(const ListSlots& slots, int classes) {
    bit = (uint8_t)(bit << 1);
    if (bit == 0) {
      for (int i = 0; i < kMarks && i < classes; i += (int)sizeof(I)) store(I{}, (int*)(marks + i));
      bit = 1;
    }
    alignas(64) int32_t remainder[kListRoom];
    const int32_t* place = slots.id;
    if (classes > kMarks) {
      for (int i = 0; i < slots.count; i += kLanes) store(load(slots.id + i) & (kMarks - 1), remainder + i);
      place = remainder;
    }
    uint8_t even = 0, odd = 0, mark = bit;  // two variables, because each is a chain of dependent operations
    uint8_t *read = marks, *written = second_pointer(read);
    for_each(0, slots.count / 2, [&even, &odd, mark, place, read, written](int64_t i) {
      int64_t first = place[2 * i], second = place[2 * i + 1];
      even |= read[first];
      written[first] = mark;
      odd |= read[second];
      written[second] = mark;
    });
    if (slots.count % 2 != 0) even |= read[place[slots.count - 1]];
    return ((even | odd) & mark) != 0 && has_pair(slots);
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

// The error of the sum of a list's exponentials in units of the rounding of its log-probabilities.
TEMPER_RARE float mass_error(const ListSlots& slots) {
  V error = {};
  for (int i = 0; i < slots.count; i += kLanes) {
    V limited = max(min(load(slots.values + i), splat(8.0f)), splat(-1000.0f));
    error += exp2(limited * kLog2E) * (1.0f + abs(limited));
  }
  return sum_lanes(error);
}

// Whether a mass is at most 1, up to the rounding of the log-probabilities. NaN is no mass.
TEMPER_INLINE bool is_list_mass(float mass, const ListSlots& slots, int32_t dtype) {
  return is_mass(mass, 0, dtype) || is_mass(mass, mass_error(slots), dtype);
}

bool are_weights(const ListSlots& slots) {
  I valid = ~I{};
  for (int i = 0; i < slots.count; i += kLanes) {
    V value = load(slots.values + i);
    valid &= (value >= 0.0f) & (value <= kLargest);
  }
  return !any(~valid);
}

TEMPER_INLINE bool is_list(const LossJob& job, int64_t row, SeenClasses& seen) {
  const LossParameters& p = job.parameters;
  ListSlots slots;
  slots.read(job, row);
  if (!slots.valid || seen.repeats(slots, p.classes)) return false;
  if (p.teacher_weights != 0) return are_weights(slots);
  V mass = {};
  for (int i = 0, n = slots.count; i < n; i += kLanes)  // min() keeps a NaN; e^8 is no mass, like all above it
    mass += exp2(min(splat(8.0f), load(slots.values + i)) * kLog2E);
  float total = sum_lanes(mass);
  if (!is_list_mass(total, slots, p.teacher_dtype)) return false;
  if (p.teacher_log_tail == nullptr || p.teacher_tail != kBucket) return true;
  float tail = read_float_once(p.teacher_log_tail, row);
  if (!(tail <= kLargest)) return false;
  float outside = tail > 8 ? kInfinity : first_lane(exp2(max(splat(tail), splat(-1000.0f)) * kLog2E));
  return is_list_mass(total + outside, slots, p.teacher_dtype);
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
