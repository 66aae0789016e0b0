// Label, weight and temperature of a row, and the factors that follow from them.
#pragma once

#include "load_store.h"
#include "read_once.h"

namespace temper {
namespace {

enum class RowState {
  kCounted,
  kSkipped,  // the label is ignored, or no part of the loss has a weight
  kInvalid   // a value became invalid after check_rows
};

struct RowInputs {
  int64_t label;  // always in [0, classes); meaningless without labels and in rows that are not counted
  double temperature;
  float weight;
  RowState state;
};

// A loss without a soft part has no temperature, and 1 stands for it.
TEMPER_INLINE double used_temperature(const LossParameters& p, double temperature) {
  return p.soft_weight > 0 ? temperature : 1.0;
}

// Classifies a row by values that were read before.
TEMPER_INLINE RowInputs check_row_inputs(const LossJob& job, int64_t label, float weight, double temperature) {
  const LossParameters& p = *job.parameters;
  bool ignored = job.labels && label == p.ignore_index, in_range = label >= 0 && label < p.classes;
  bool valid = !job.labels || ignored || in_range;
  valid &= weight >= 0 && weight < kInfinity && temperature > 0 && temperature < kInfinity;
  bool skipped = ignored || !(p.soft_weight > 0 || p.hard_weight > 0);
  RowState state = !valid ? RowState::kInvalid : skipped ? RowState::kSkipped : RowState::kCounted;
  return {in_range ? label : 0, used_temperature(p, temperature), weight, state};
}

// Another thread may change labels, weights and temperatures after check_rows, and a changed label may lie outside the
// row. Each value is therefore read once, checked again, and passed on in RowInputs.
TEMPER_INLINE RowInputs load_row_inputs(const LossJob& job, int64_t row) {
  const LossParameters& p = *job.parameters;
  int64_t label = 0;
  if (job.labels && p.label_bytes == 8) label = read_once<int64_t>(job.labels, row);
  if (job.labels && p.label_bytes == 4) label = read_once<int32_t>(job.labels, row);
  float weight = job.row_weights ? read_float_once(job.row_weights, row) : 1.0f;
  double temperature = job.row_temperatures ? read_float_once(job.row_temperatures, row) : p.temperature;
  return check_row_inputs(job, label, weight, temperature);
}

// The factor of D: T^2, or 1 if temperature scaling is off.
TEMPER_INLINE double value_factor(const LossParameters& p, double temperature) {
  return p.temperature_scaling ? temperature * temperature : 1.0;
}

struct GradientFactors {
  float soft;  // multiplies dD/ds of a policy, where s = z/T
  float hard;  // multiplies softmax(z) - onehot
};

// ds/dz = 1/T turns the factor T^2 of D into T, and the factor 1 into 1/T.
TEMPER_INLINE GradientFactors gradient_factors(const LossJob& job, double temperature, float weight) {
  const LossParameters& p = *job.parameters;
  double scale = p.gradient_scale * weight / job.divisor;
  return {(float)(p.soft_weight * scale * (p.temperature_scaling ? temperature : 1.0 / temperature)),
          (float)(p.hard_weight * scale)};
}

}  // namespace
}  // namespace temper
