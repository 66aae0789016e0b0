// The meaning of labels, weights, temperatures and denominators: ignored rows, divisors, T^2, and the factors of the
// gradient. The GPU kernels and the CPU engine share this header; each loads the values of a row in its own way.
#pragma once

#include "inline.h"
#include "parameters.h"

namespace temper {

// Temperatures beyond these limits are refused, because T^2 and exp(z/T) leave the range of f32 there.
constexpr float kMinTemperature = 1e-6f, kMaxTemperature = 1e6f;

TEMPER_INLINE bool is_label(const LossParameters& p, int64_t label) {
  return label == p.ignore_index || uint64_t(label) < uint64_t(p.classes);
}
TEMPER_INLINE bool is_weight(float weight) { return weight >= -kLargest && weight <= kLargest; }
TEMPER_INLINE bool is_temperature(float t) { return t >= kMinTemperature && t <= kMaxTemperature; }
TEMPER_INLINE bool is_denominator(float value) { return value > 0 && value <= kLargest; }

// Returns whether the check of all rows found an invalid row. The loss writes nothing then. bad_mass is left out: the
// loss itself finds it, while it writes other rows.
TEMPER_INLINE bool has_invalid_row(const BatchStatus& status) {
  return (status.bad_label | status.bad_weight | status.bad_temperature | status.bad_teacher) != 0;
}

// Whether the soft part compares log-probabilities or probabilities at the temperature of the loss.
TEMPER_INLINE bool is_at_temperature(const LossParameters& p) {
  return p.teacher_form == kTeacherLogProbabilities || p.teacher_form == kTeacherProbabilities ||
         p.teacher_form == kTeacherMixture;
}

// The divisors of the two parts. `labelled_rows` is the number of rows whose label is not ignore_index.
struct Divisors {
  double soft, hard;

  TEMPER_INLINE static double of(int32_t kind, double given, const float* on_device, int64_t labelled_rows) {
    return kind == kDivisorGiven ? given : kind == kDivisorLabelledRows ? double(labelled_rows) : double(*on_device);
  }
  TEMPER_INLINE static Divisors of(const LossParameters& p, int64_t labelled_rows) {
    return {of(p.soft_divisor_kind, p.soft_divisor, p.soft_denominator, labelled_rows),
            of(p.hard_divisor_kind, p.hard_divisor, p.hard_denominator, labelled_rows)};
  }
};

// Factor of D in the loss: T^2 or 1.
TEMPER_INLINE float value_factor(const LossParameters& p, float temperature) {
  return p.temperature_scaling != 0 ? temperature * temperature : 1.0f;
}

// The label, weight, temperature and teacher row of one row, checked, and whether the row contributes.
struct RowTask {
  int64_t label = -1;  // -1: the row has no hard part
  float weight = 0, temperature = 1;
  bool ignored = true;  // the row has neither a soft nor a hard part
  bool valid = true;    // false: the values and the gradient are NaN
  // The row that teacher_row_index selects. Without an index it is the row itself in the kernels, and unused in the CPU
  // engine.
  int64_t teacher_row = 0;

  // Values and gradient of a valid row that does not contribute are 0, whatever its logits are.
  TEMPER_INLINE bool contributes() const { return !ignored && weight != 0; }

  // Sets the teacher's row from a loaded index. A row that does not contribute reads no teacher, and its index may be
  // -1. Like a label, the index is checked again.
  TEMPER_INLINE void select_teacher_row(const LossParameters& p, int64_t index) {
    if (!contributes()) return;
    bool in_range = uint64_t(index) < uint64_t(p.teacher_rows);
    teacher_row = in_range ? index : 0;
    valid = valid && in_range;
  }

  // Returns the task of a row from its loaded values. Another thread may change a value between the check of all rows
  // and this load, and an invalid label would select a logit outside the row. The loaded values are therefore checked
  // again. `temperature` is the temperature of the row, or that of the loss.
  TEMPER_INLINE static RowTask of(const LossParameters& p, int64_t label, float weight, float temperature) {
    RowTask task;
    bool has_labels = p.labels != nullptr, missing = has_labels && label == p.ignore_index;
    task.valid = (!has_labels || is_label(p, label)) && is_weight(weight) && is_temperature(temperature);
    task.label = !has_labels || missing || !task.valid ? -1 : label;
    task.ignored = missing && (p.ignore_scope == kIgnoreBothParts || p.soft_weight == 0);
    task.weight = weight;
    task.temperature = p.tempered != 0 ? temperature : 1.0f;
    return task;
  }
};

// The gradient of a row with respect to its student logits z is soft * dD/ds + hard * (softmax(z) - onehot), s = z/T.
struct GradientFactors {
  float soft, hard;

  // The factors of a row with weight 1 and T = 1, which are computed once per launch.
  TEMPER_INLINE static GradientFactors of(const LossParameters& p, Divisors divisors) {
    return {float(p.soft_weight * p.gradient_scale / divisors.soft),
            float(p.hard_weight * p.gradient_scale / divisors.hard)};
  }

  // ds/dz = 1/T turns the factor T^2 of D into T, and the factor 1 into 1/T. The hard factor of a row without a label
  // is set to 0, because `hard` is infinite if no row has a label and the divisor is 0.
  TEMPER_INLINE GradientFactors of_row(const LossParameters& p, const RowTask& task) const {
    float chain = p.temperature_scaling != 0 ? task.temperature : 1.0f / task.temperature;
    return {soft * task.weight * chain, task.label < 0 ? 0.0f : hard * task.weight};
  }
};

}  // namespace temper
