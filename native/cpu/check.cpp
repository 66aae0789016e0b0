#include "check.h"

#include "read_once.h"

namespace temper {

// Labels in the caller's memory, which may be unaligned.
template <class T> struct Labels {
  struct __attribute__((packed, may_alias)) Label { T value; };
  const Label* first;
  T operator[](int64_t row) const { return first[row].value; }
};

template <class T> static void check_labels(const LossParameters& p, BatchStatus& status) {
  Labels<T> labels = {(const typename Labels<T>::Label*)p.labels};
  int64_t rows = p.rows, ignored = 0, bad = 0;
  T ignore = (T)p.ignore_index;
  bool ignore_fits = ignore == p.ignore_index;  // else no label of type T is ignored
  for (int64_t row = 0; row < rows; row++) {  // without branches, so that the compiler vectorises the loop
    T label = labels[row];
    bool is_ignored = ignore_fits & (label == ignore);
    ignored += is_ignored;
    bad += (!is_ignored) & ((label < 0) | (label >= p.classes));
  }
  status.labelled_rows = (uint64_t)(rows - ignored);
  if (bad == 0) return;
  for (int64_t row = 0; row < rows; row++)
    if (!is_label(p, read_once<T>(p.labels, row))) {
      status.bad_label = ~(uint64_t)row;
      return;
    }
}

// Returns ~row of the first row whose value is invalid, or 0.
static uint64_t first_invalid(const void* values, int64_t rows, bool (*valid)(float)) {
  for (int64_t row = 0; values != nullptr && row < rows; row++)
    if (!valid(read_float_once(values, row))) return ~(uint64_t)row;
  return 0;
}

static bool is_invalid_denominator(const float* value) {
  return value != nullptr && !is_denominator(read_float_once(value, 0));
}

BatchStatus check_rows(const LossParameters& p, int64_t& bad_denominators) {
  BatchStatus status = {};
  status.labelled_rows = (uint64_t)p.rows;
  if (p.labels != nullptr && p.label_bytes == 8) check_labels<int64_t>(p, status);
  if (p.labels != nullptr && p.label_bytes == 4) check_labels<int32_t>(p, status);
  status.bad_weight = first_invalid(p.row_weights, p.rows, is_weight);
  status.bad_temperature = first_invalid(p.row_temperatures, p.rows, is_temperature);
  bad_denominators = (is_invalid_denominator(p.soft_denominator) ? 1 : 0) |
                     (is_invalid_denominator(p.hard_denominator) ? 2 : 0);
  return status;
}

}  // namespace temper
