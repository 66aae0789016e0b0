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

// Returns ~row of the first row that contributes and has an index outside the teacher, or 0.
static uint64_t first_bad_index(const LossParameters& p) {
  for (int64_t row = 0; p.teacher_row_index != nullptr && row < p.rows; row++) {
    float weight = p.row_weights == nullptr ? 1.0f : read_float_once(p.row_weights, row);
    RowTask task = RowTask::of(p, read_label(p, row), weight, p.temperature);
    if (!task.valid) continue;  // the label or the weight is invalid, which the other checks report
    task.select_teacher_row(p, read_once<int32_t>(p.teacher_row_index, row));
    if (!task.valid) return ~(uint64_t)row;
  }
  return 0;
}

// Sets the bits of the columns in the class map. Returns whether a column is outside the teacher or named twice.
static bool has_bad_map(const LossParameters& p) {
  bool bad = false;
  for (int i = 0; p.class_map != nullptr && i < p.classes; i++) {
    int32_t column = read_once<int32_t>(p.class_map, i);
    if (column == -1) continue;
    if ((uint32_t)column >= (uint32_t)p.teacher_columns) {
      bad = true;
      continue;
    }
    uint32_t bit = 1u << column % 32, before = p.columns_taken[column / 32];
    bad |= (before & bit) != 0;
    p.columns_taken[column / 32] = before | bit;
  }
  return bad;
}

BatchStatus check_rows(const LossParameters& p, int64_t& bad_denominators) {
  BatchStatus status = {};
  status.labelled_rows = (uint64_t)p.rows;
  if (p.labels != nullptr && p.label_bytes == 8) check_labels<int64_t>(p, status);
  if (p.labels != nullptr && p.label_bytes == 4) check_labels<int32_t>(p, status);
  status.bad_weight = first_invalid(p.row_weights, p.rows, is_weight);
  status.bad_temperature = first_invalid(p.row_temperatures, p.rows, is_temperature);
  status.bad_teacher = has_bad_map(p) ? ~(uint64_t)0 : first_bad_index(p);
  bad_denominators = (is_invalid_denominator(p.soft_denominator) ? 1 : 0) |
                     (is_invalid_denominator(p.hard_denominator) ? 2 : 0);
  return status;
}

}  // namespace temper
