// Negative log-acceptance of a draft model: D = -log A with A = sum min(p, q). With S = sum q over the classes with
// q <= p and U = sum q over the others, dD/ds is -q U/A where q <= p, and q S/A elsewhere.
#pragma once

#include "policy.h"

namespace temper {

template <class V> struct NegativeLogAcceptance {
  static constexpr ValueForm kValue = ValueForm::kClasses;
  static constexpr GradientForm kGradient = GradientForm::kCentred;
  static constexpr bool kQuadratic = false;
  static constexpr bool kInfiniteLimit = false;
  static constexpr bool kFar = true;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 0;
  static constexpr int kSums = 4;  // D, S, U, A
  static constexpr int kClassSums = 3;  // A, S, U
  static constexpr float kMostLog2 = 300.0f;
  static constexpr bool kShares = false;

  TEMPER_INLINE static NegativeLogAcceptance of(const DivergenceParameters&) { return {}; }
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual; }

  TEMPER_INLINE float teacher_weight() const { return 1; }
  TEMPER_INLINE float student_weight() const { return 1; }
  TEMPER_INLINE V log2_weights() const { return V{}; }

  TEMPER_INLINE V add_class(V* sums, const WeightedClass<V>& c) const {
    add_student(sums, c.q, -c.log2);
    sums[0] = sums[0] + min(c.p, c.q);
    return -c.log2;
  }
  TEMPER_INLINE void finish(V* sums) const {
    sums[3] = sums[0];
    sums[0] = -log(sums[3]);
  }

  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V) const {
    V factor = select(sums[3] > 0.0f, student_factor / sums[3], V{});  // the gradient is 0 if D is +inf
    return {factor * sums[1], -factor * sums[2], V{}};
  }
  TEMPER_INLINE V slope(const Odds<V>& odds) const { return -odds.log2; }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const {
    return select(slope > 0.0f, g.student, g.slope);
  }

  // The far path keeps A as a logarithm: the row sums are D, S/A, U, log2 A. The sums for S and A have terms too small
  // for f32, which are divided by the largest of them.
  TEMPER_INLINE auto is_far(const V* sums) const { return sums[3] < 1e-30f; }
  TEMPER_INLINE V far_weight(V log2_p, V log2_q) const { return min(log2_p, log2_q); }
  TEMPER_INLINE void add_far(V* sums, V log2_p, V log2_q, V peak) const {
    auto student_larger = log2_q > log2_p;
    V smaller = exp2(min(log2_p, log2_q) - peak);
    sums[1] = sums[1] + select(student_larger, V{}, smaller);
    sums[2] = sums[2] + select(student_larger, exp2(log2_q), V{});
    sums[3] = sums[3] + smaller;
  }
  TEMPER_INLINE void finish_far(V* sums, V peak) const {
    sums[1] = sums[1] / sums[3];
    sums[3] = fma(log(sums[3]), V{} + kLog2E, peak);
    sums[0] = -kLn2 * sums[3];
  }
  // max() replaces the exponent of a class with q = 0, which is -inf or NaN.
  TEMPER_INLINE V far_gradient(V log2_p, V log2_q, const V* sums) const {
    V share = exp2(min(max(log2_q - sums[3], V{} - kLargest), V{}));
    return select(log2_q > log2_p, exp2(log2_q) * sums[1], -sums[2] * share);
  }

  // A = 1 - 1/2 sum |p - q|
  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    add_student(sums, e.q, e.difference);
    sums[3] = sums[3] + abs(e.difference);
  }
  TEMPER_INLINE void finish_elements(V* sums) const {
    V rejected = 0.5f * sums[3];
    sums[0] = -log1p(-rejected);
    sums[3] = 1.0f - rejected;
  }
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    return e.q * coefficient(e.difference, row_gradient(sums, V{} + 1.0f, V{}));
  }

 private:
  TEMPER_INLINE static void add_student(V* sums, V q, V sign) {
    sums[1] = sums[1] + select(sign > 0.0f, V{}, q);
    sums[2] = sums[2] + select(sign > 0.0f, q, V{});
  }
};

}  // namespace temper
