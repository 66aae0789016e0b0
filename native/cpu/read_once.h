// Reading values in the caller's memory that another thread may change during a call.
#pragma once

#include "job.h"

namespace temper {
namespace {

// Reads the integer at index `row` of an array, which may be unaligned. A compiler may read memory again at every use
// of a value, so that the used value could differ from the checked one. The empty assembly hides the origin of the
// value, so that all uses have the value of one read.
template <class T> inline T read_once(const void* array, int64_t row) {
  T value;
  __builtin_memcpy(&value, (const char*)array + row * (int64_t)sizeof value, sizeof value);
  __asm__ volatile("" : "+r"(value));
  return value;
}

inline float read_float_once(const void* array, int64_t row) {
  int32_t bits = read_once<int32_t>(array, row);
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

inline int64_t read_label(const LossParameters& p, int64_t row) {
  if (p.labels == nullptr) return 0;
  return p.label_bytes == 8 ? read_once<int64_t>(p.labels, row) : read_once<int32_t>(p.labels, row);
}

}  // namespace
}  // namespace temper
