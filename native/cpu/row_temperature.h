// The derivative of a row's value with respect to the temperature, for a forward KL.
#pragma once

#include "row.h"

namespace temper {
namespace {

// Returns the sum of f(i) over the vectors of n logits. Each sub-block is summed on its own.
template <class F> TEMPER_INLINE double sum_vectors(int n, F f) {
  double total = 0;
  for (int from = 0; from < n; from += kSubBlock) {
    V sum = {};
    for (int i = from; i < n && i < from + kSubBlock; i += kLanes) sum += f(i);
    total += sum_lanes(sum);
  }
  return total;
}

// One tensor of a row: exponents in nats relative to the maximum, and probabilities. A finite exponent for an absent
// class prevents 0 * inf.
struct TemperedTensor {
  Exponential exponential;
  V max, unit, inverse_sum;

  TEMPER_INLINE V exponent(V logit) const { return temper::max((logit - max) * unit, splat(-kLargest)); }
  TEMPER_INLINE V probability(V logit) const { return exponential(logit - max) * inverse_sum; }
};

// With s = (z - max z)/T, t = (u - max u)/T and d = log p - log q, the derivative of T^2 D is
//   2 T D + T (sum (p - q) s - sum p (t - E_p[t]) d).
// The second sum is the covariance of t and d, which is left out if the teacher has a temperature of its own. If the
// value is a cross-entropy, the bracket gains sum p (t - E_p[t])^2, the derivative of the teacher's entropy.
//
// The factors are deviations from the mean, which keeps the error at u sum p |t - E_p[t]| (|t| + |s|). A difference of
// raw moments would have the larger error u E_p[t]^2. An error e of the mean itself adds e D.
template <class R> TEMPER_RARE double temperature_gradient(const R& r, float value) {
  const LossParameters& p = r.parameters;
  if (value - value != 0) return __builtin_nanf("");
  if (r.is_flat) return 0;
  const RowScales& scales = r.scales;
  TemperedTensor student = {scales.student, splat(r.student_max), scales.unit, r.inverse_sums.student};
  TemperedTensor teacher = {scales.teacher, splat(r.teacher_max), scales.unit * scales.teacher_unit,
                            r.inverse_sums.teacher};
  bool shared = p.temperature_gradient == kOfBothTensors, adds_entropy = p.soft_cross_entropy != 0;
  double mean = 0, sum = 0;
  if (shared)
    r.for_row([&](const float*, const float* u, int, int n) {
      mean += sum_vectors(n, [&](int i) { return teacher.probability(load(u + i)) * teacher.exponent(load(u + i)); });
    });
  V centre = splat((float)mean), log_sum_ratio = log(teacher.inverse_sum) - log(student.inverse_sum);
  r.for_row([&](const float* z, const float* u, int, int n) {
    sum += sum_vectors(n, [&](int i) {
      V zi = load(z + i), ui = load(u + i), s = student.exponent(zi), t = teacher.exponent(ui);
      V probability = teacher.probability(ui), term = (probability - student.probability(zi)) * s;
      if (!shared) return term;
      V deviation = t - centre, ratio = (t - s) + log_sum_ratio;
      return term - probability * deviation * (adds_entropy ? ratio - deviation : ratio);
    });
  });
  double temperature = r.task.temperature;
  return p.temperature_scaling != 0 ? 2 * temperature * value + temperature * sum : sum / temperature;
}

}  // namespace
}  // namespace temper
