// Forward KL: D = sum p (log p - log q), dD/ds = q - p.
#pragma once

#include "policy.h"

namespace temper {

// KL(p, q) from the raw sum of et (t - s), with weight_sum = St and other_sum = Ss. The reverse KL swaps the tensors.
// Both sums are finite and positive, so that a raw sum of NaN can only come from 0 * inf: a class that q alone lacks,
// and whose p is positive but rounded to 0. The KL is +inf then.
template <class V> TEMPER_INLINE V kl_of_raw(V raw, V weight_sum, V other_sum, V unit) {
  V inverse = reciprocal(weight_sum), value = fma(raw * unit, inverse, log(other_sum * inverse));
  return select(raw == raw, value, weight_sum / (weight_sum - weight_sum));  // x/0 = +inf
}

template <class V> struct ForwardKl {
  static constexpr ValueForm kValue = ValueForm::kRawSums;
  static constexpr GradientForm kGradient = GradientForm::kLinear;
  static constexpr bool kQuadratic = true;
  static constexpr bool kInfiniteLimit = false;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = true;
  static constexpr int kRawSums = 1;  // sum et (t - s)
  static constexpr int kSums = 1;     // D

  TEMPER_INLINE static ForwardKl of(const DivergenceParameters&) { return {}; }
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual; }

  TEMPER_INLINE void add_raw(V* raw, V s, V t, V, V et) const { raw[0] = fma(et, t - s, raw[0]); }

  // A class that the teacher lacks adds nothing, whatever q is: max() replaces a difference t - s of -inf or NaN by a
  // finite number, and its product with et = 0 is 0. A teacher logit of NaN still makes the sum NaN, because et is NaN.
  TEMPER_INLINE void add_raw_any(V* raw, V s, V t, V, V et) const {
    raw[0] = fma(et, max(t - s, V{} - kLargest), raw[0]);
  }

  TEMPER_INLINE void shift_raw(V* raw, V, V teacher_sum, V ds, V dt, V, V ft) const {
    raw[0] = ft * fma(teacher_sum, ds - dt, raw[0]);
  }

  TEMPER_INLINE void finish_raw(const V* raw, V student_sum, V teacher_sum, V unit, V* sums) const {
    sums[0] = kl_of_raw(raw[0], teacher_sum, student_sum, unit);
  }

  TEMPER_INLINE V estimate_raw(const V* raw, V student_sum, V teacher_sum, V inverse_teacher_sum, V unit) const {
    return fma(raw[0] * unit, inverse_teacher_sum, kLn2 * (log2_normal(student_sum) - log2_normal(teacher_sum)));
  }

  TEMPER_INLINE RowGradient<V> row_gradient(const V*, V student_factor, V teacher_factor) const {
    return {student_factor, V{}, -teacher_factor};
  }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    sums[0] = sums[0] + kl_term(e.p, e.difference, e.log_ratio);
  }
  TEMPER_INLINE void finish_elements(V*) const {}
  TEMPER_INLINE V gradient(const Element<V>& e, const V*) const { return e.difference; }
};

// Whether the engines compute the derivative of T^2 D with respect to the temperature for a policy.
template <class Policy> constexpr bool kHasTemperatureGradient = false;
template <class V> constexpr bool kHasTemperatureGradient<ForwardKl<V>> = true;

}  // namespace temper
