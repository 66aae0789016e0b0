#include "check.h"

#include "read_once.h"

namespace temper {

// Labels in the caller's memory, which may be unaligned.
template <class T> struct Labels {
  struct __attribute__((packed, may_alias)) Label { T value; };
  const Label* first;
  T operator[](int64_t row) const { return first[row].value; }
};

template <class T> static bool check_labels(const void* first, LossParameters& p) {
  Labels<T> labels = {(const typename Labels<T>::Label*)first};
  int64_t rows = p.rows, ignored = 0, bad = 0;
  T ignore = (T)p.ignore_index;
  bool ignorable = ignore == p.ignore_index;
  for (int64_t row = 0; row < rows; row++) {  // without branches, so that the compiler vectorises the loop
    T label = labels[row];
    bool skipped = ignorable & (label == ignore);
    ignored += skipped;
    bad += (!skipped) & ((label < 0) | (label >= p.classes));
  }
  p.counted_rows = rows - ignored;
  if (bad == 0) return true;
  for (int64_t row = 0; row < rows; row++) {
    T label = read_once<T>(first, row);
    if ((label >= 0 && label < p.classes) || label == p.ignore_index) continue;
    p.status = kBadLabel;
    p.bad_row = row;
    p.bad_label = label;
    return false;
  }
  return true;  // another thread made the bad label valid in the meantime
}

// Temperatures beyond these limits are refused, because T^2 and exp(z/T) leave the range of f32 there.
constexpr float kMinTemperature = 1e-6f, kMaxTemperature = 1e6f;
constexpr float kMaxFloat = 3.4028235e38f;

// Values must lie from `least` to `most`, so that NaN and infinities are refused.
static bool check_values(const UnalignedFloat* values, LossParameters& p, float least, float most, Status status) {
  for (int64_t row = 0; row < p.rows; row++) {
    float value = read_float_once(values, row);
    if (value >= least && value <= most) continue;
    p.status = status;
    p.bad_row = row;
    p.bad_value = value;
    return false;
  }
  return true;
}

bool check_rows(const LossJob& job) {
  LossParameters& p = *job.parameters;
  p.counted_rows = p.rows;
  if (job.labels && !(p.label_bytes == 8 ? check_labels<int64_t>(job.labels, p) : check_labels<int32_t>(job.labels, p)))
    return false;
  if (job.row_weights && !check_values(job.row_weights, p, 0, kMaxFloat, kBadWeight)) return false;
  return !job.row_temperatures ||
         check_values(job.row_temperatures, p, kMinTemperature, kMaxTemperature, kBadTemperature);
}

}  // namespace temper
