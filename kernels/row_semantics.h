// The meaning of labels, weights and temperatures: ignored rows, divisor, T^2 and the factors of the gradient.
#pragma once

#include "float_math.cuh"

namespace temper {

__device__ __forceinline__ int64_t label_of(const LossParameters& p, int64_t row) {
  return p.label_bytes == 8 ? static_cast<const int64_t*>(p.labels)[row] : static_cast<const int32_t*>(p.labels)[row];
}

// Temperatures beyond these limits are refused, because T^2 and exp(z/T) leave the range of f32 there.
constexpr float kMinTemperature = 1e-6f, kMaxTemperature = 1e6f;

__device__ __forceinline__ bool is_label(const LossParameters& p, int64_t label) {
  return label == p.ignore_index || uint64_t(label) < uint64_t(p.classes);
}
__device__ __forceinline__ bool is_weight(float weight) { return weight >= 0 && weight <= kLargest; }
__device__ __forceinline__ bool is_temperature(float t) { return t >= kMinTemperature && t <= kMaxTemperature; }

// Returns whether the check kernel found an invalid row. The loss kernel writes nothing then.
__device__ __forceinline__ bool has_invalid_row(const BatchStatus* status) {
  return status != nullptr && (status->bad_label | status->bad_weight | status->bad_temperature) != 0;
}

__device__ __forceinline__ double divisor_of(const LossParameters& p) {
  if (p.divisor_kind == kDivisorGiven) return p.divisor;
  return p.status == nullptr ? double(p.rows) : double(p.status->counted_rows);
}

// Factor of D in the loss: T^2 or 1.
__device__ __forceinline__ float value_factor(const LossParameters& p, float temperature) {
  return p.temperature_scaling != 0 ? temperature * temperature : 1.0f;
}

// The gradient of a row with respect to its student logits z is soft * dD/ds + hard * (softmax(z) - onehot), s = z/T.
struct GradientFactors {
  float soft, hard;
};

// ds/dz = 1/T turns the factor T^2 of D into T, and the factor 1 into 1/T.
__device__ __forceinline__ GradientFactors gradient_factors(const LossParameters& p, double divisor, float temperature,
                                                            float weight) {
  double scale = p.gradient_scale * weight / divisor;
  double soft = p.temperature_scaling != 0 ? double(temperature) : 1.0 / temperature;
  return {float(p.soft_weight * soft * scale), float(p.hard_weight * scale)};
}

// The work for one row, as far as it is known without its logits.
struct RowTask {
  int64_t label = -1;  // -1: no labels
  float weight = 0, temperature = 1;
  bool zero_gradient = true;
  bool reads_logits = false;

  // `no_parts`: both parts have weight 0, so that rows are checked and counted but no logit is read.
  template <bool FORWARD>
  __device__ __forceinline__ static RowTask of(const LossParameters& p, int64_t row, bool no_parts) {
    RowTask task;
    if (row >= p.rows) return task;
    if (p.labels != nullptr) task.label = label_of(p, row);
    task.weight = p.row_weights == nullptr ? 1.0f : p.row_weights[row];
    task.temperature = p.row_temperatures == nullptr ? p.temperature : p.row_temperatures[row];
    // Another thread of the host may change a value between the check kernel and this load. The value that was loaded
    // is checked here, because the label selects a logit and a weight scales the gradient. Such a row becomes NaN.
    bool valid = (p.labels == nullptr || is_label(p, task.label)) && is_weight(task.weight) &&
                 (p.row_temperatures == nullptr || is_temperature(task.temperature));
    if (!valid) {
      task.label = p.labels == nullptr ? -1 : 0;
      task.weight = task.temperature = not_a_number();
    }
    bool ignored = p.labels != nullptr && task.label == p.ignore_index;
    task.zero_gradient = ignored || no_parts || task.weight == 0;
    task.reads_logits = FORWARD ? !ignored && !no_parts : !task.zero_gradient;
    return task;
  }
};

}  // namespace temper
