// The optional values of a row, by members of LossRow: entropies, and the derivative with respect to the temperature.
#pragma once

#include "values.cuh"

namespace temper {

// The entropy of a tensor with a softmax. `sum` is sum es, and `exponent_sum` is sum es s with s in bits.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ float LossRow<Spec>::entropy(const Exponents& tensor, float sum, float exponent_sum,
                                                        float label_logit) {
  float log_sum = log(sum), value = fma(-kLn2 * exponent_sum, 1.0f / sum, log_sum);
  if constexpr (kSeparateLabel) {
    float exponent = kLn2 * tensor.template exponent<FAST>(label_logit);
    value = entropy_with_label(sum > 0 ? exponent - log_sum : infinity(), value);
  }
  return value;
}

// Computes the entropies of a row whose soft part has no exponentials. The entropy of one tensor is log S - sum es s /
// S with S = sum es and s in nats.
template <class Spec>
__device__ __forceinline__ void LossRow<Spec>::evaluate_entropies(float student_max, float teacher_max) {
  const Exponents student(student_max, scales.student), teacher(teacher_max, scales.teacher);
  float sums[4] = {0, 0, 0, 0};
  for_each_logit<true>([&](float z, float u) {
    float s = student.template exponent<false>(z), t = teacher.template exponent<false>(u);
    float es = Exponents::power<false>(s), et = Exponents::power<false>(t);
    sums[0] += es;
    sums[1] = fma(es, max(s, -kLargest), sums[1]);
    sums[2] += et;
    sums[3] = fma(et, max(t, -kLargest), sums[3]);
  });
  group.template reduce<Sum>(sums);
  values.student_entropy = is_valid(sums[0]) ? entropy<false>(student, sums[0], sums[1], 0) : not_a_number();
  if constexpr (kSoft)
    values.teacher_entropy = is_valid(sums[2]) ? entropy<false>(teacher, sums[2], sums[3], 0) : not_a_number();
}

// The derivative of T^2 D with respect to the temperature. With s = (z - shift)/T, t = (u - shift)/T and
// d = log p - log q it is
//   2 T D + T (sum (p - q) s - sum p (t - E_p[t]) d).
// The second sum is the covariance of t and d. It is left out if the teacher has a temperature of its own. If the value
// is a cross-entropy, the bracket gains sum p (t - E_p[t])^2, the derivative of the teacher's entropy.
//
// Deviations from the mean keep the rounding error at 2^-24 sum p |t - E_p[t]| (|t| + |s|). A difference of raw moments
// would have the error of the larger one, 2^-24 E_p[t]^2. An error e of the mean adds e D.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::evaluate_temperature_gradient() {
  float first[3] = {0, 0, 0};  // sum es, sum et, sum et t
  for_each_exp([&](float, float u, float es, float et) {
    first[0] += es;
    first[1] += et;
    first[2] = fma(et, max(exponents.teacher.template exponent<false>(u), -kLargest), first[2]);
  });
  group.template reduce<Sum>(first);
  bool shared = p.temperature_gradient == kOfBothTensors;
  float inverse_student = 1.0f / first[0], inverse_teacher = 1.0f / first[1];
  float centre = first[2] * inverse_teacher, log_ratio = (log(first[0]) - log(first[1])) * kLog2E;
  float sum[1] = {0};
  for_each_exp([&](float z, float u, float es, float et) {
    float s = max(exponents.student.template exponent<false>(z), -kLargest);
    float t = max(exponents.teacher.template exponent<false>(u), -kLargest);
    float teacher = et * inverse_teacher;
    sum[0] = fma(teacher - es * inverse_student, kLn2 * s, sum[0]);
    if (shared) {
      float deviation = t - centre, ratio = (t - s) + log_ratio;
      if (p.soft_cross_entropy != 0) ratio -= deviation;
      sum[0] -= teacher * deviation * (kLn2 * kLn2) * ratio;
    }
  });
  group.template reduce<Sum>(sum);
  float chained = p.temperature_scaling != 0 ? temperature * fma(2.0f, values.soft, sum[0]) : sum[0] / temperature;
  values.temperature_gradient = is_flat ? 0.0f : chained + (values.soft - values.soft);  // NaN if D is infinite
}

}  // namespace temper
