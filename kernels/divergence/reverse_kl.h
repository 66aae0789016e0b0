// Reverse KL: D = K = sum q (log q - log p), dD/ds = q (log q - log p - K).
#pragma once

#include "forward_kl.h"

namespace temper {

template <class V> struct ReverseKl {
  static constexpr ValueForm kValue = ValueForm::kRawSums;
  static constexpr GradientForm kGradient = GradientForm::kCentred;
  static constexpr bool kQuadratic = true;
  static constexpr bool kInfiniteLimit = true;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 1;  // sum es (s - t)
  static constexpr int kSums = 1;     // K
  // Any finite difference of logits counts. The limit leaves room for the product with a factor of the gradient.
  static constexpr float kMostLog2 = 1e30f;

  TEMPER_INLINE static ReverseKl of(const DivergenceParameters&) { return {}; }
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual; }

  TEMPER_INLINE void add_raw(V* raw, V s, V t, V es, V) const { raw[0] = fma(es, s - t, raw[0]); }

  // A class that the student lacks adds nothing, whatever p is (see ForwardKl::add_raw_any).
  TEMPER_INLINE void add_raw_any(V* raw, V s, V t, V es, V) const {
    raw[0] = fma(es, max(s - t, V{} - kLargest), raw[0]);
  }

  TEMPER_INLINE void shift_raw(V* raw, V student_sum, V, V ds, V dt, V fs, V) const {
    raw[0] = fs * fma(student_sum, dt - ds, raw[0]);
  }

  TEMPER_INLINE void finish_raw(const V* raw, V student_sum, V teacher_sum, V unit, V* sums) const {
    sums[0] = kl_of_raw(raw[0], student_sum, teacher_sum, unit);
  }

  TEMPER_INLINE auto teacher_lacks_class(const V* sums) const { return sums[0] > kLargest; }

  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V) const {
    return {-(student_factor * sums[0]), -kLn2 * student_factor, V{}};
  }
  TEMPER_INLINE V slope(const Odds<V>& odds) const { return odds.log2; }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const { return fma(slope, g.slope, g.student); }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    sums[0] = sums[0] + kl_term(e.q, -e.difference, -e.log_ratio);
  }
  TEMPER_INLINE void finish_elements(V*) const {}
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    return select(e.q == 0.0f, V{}, e.q * (-e.log_ratio - sums[0]));  // NaN if q is NaN
  }
};

}  // namespace temper
