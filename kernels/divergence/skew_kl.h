// Skewed KLs, for a skew a between 0 and 1:
//   forward  D = KL(p, m), m = a p + (1 - a) q, dD/ds = -(1 - a) q (w - sum q w) with w = p/m
//   reverse  D = KL(q, m), m = (1 - a) p + a q, dD/ds = q (h - sum q h) with h = log(q/m) - a q/m
#pragma once

#include "mixture.h"

namespace temper {

// The logarithm of the weights' quotient is added to log2(p/q). For a skew of 1e-6 it is 20, and its rounding would
// cost D up to 2e-6 nats. All rows of a small skew therefore take the near-equal path, which is accurate for every D.
TEMPER_INLINE float nearly_equal_skewed(float skew) { return skew < 0.05f ? kLargest : kNearlyEqual; }

template <class V> struct SkewForwardKl {
  static constexpr ValueForm kValue = ValueForm::kClasses;
  static constexpr GradientForm kGradient = GradientForm::kCentred;
  static constexpr bool kQuadratic = false;
  static constexpr bool kInfiniteLimit = false;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 0;
  static constexpr int kSums = 2;  // D, sum q w; on the near-equal path sum q (w - 1)
  static constexpr int kClassSums = 2;
  static constexpr float kMostLog2 = 300.0f;
  static constexpr bool kShares = true;

  float skew, complement;
  V log2_skew, log2_complement;

  TEMPER_INLINE static SkewForwardKl of(const DivergenceParameters& p) {
    return {p.parameter, p.complement, kLog2E * log(V{} + p.parameter), kLog2E * log(V{} + p.complement)};
  }
  TEMPER_INLINE float teacher_weight() const { return skew; }
  TEMPER_INLINE float student_weight() const { return complement; }
  TEMPER_INLINE V log2_weights() const { return log2_skew - log2_complement; }
  TEMPER_INLINE float nearly_equal() const { return nearly_equal_skewed(skew); }

  // The slope is a w, the teacher's share of the mixture.
  TEMPER_INLINE V add_class(V* sums, const WeightedClass<V>& c) const {
    // log2(m/p) with p without its weight. The logarithm of the weight is added here and not to the sum, whose terms
    // would be larger and lose digits.
    V log2_mixture = MixtureLogs<V>(c).over_teacher(c) + log2_skew;
    sums[0] = fma(c.p, log2_mixture, sums[0]);
    sums[1] = fma(c.q, c.share, sums[1]);
    return c.share;
  }
  TEMPER_INLINE void finish(V* sums) const {
    sums[0] = -kLn2 * sums[0] / skew;
    sums[1] = sums[1] / complement / skew;
  }

  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V) const {
    V weighted = complement * student_factor;
    return {weighted * sums[1], V{} - weighted / skew, V{}};
  }
  TEMPER_INLINE V slope(const Odds<V>& odds) const { return odds.share; }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const { return fma(slope, g.slope, g.student); }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    V log_pm = log_teacher_share(e, skew, complement);
    sums[0] = sums[0] + kl_term(e.p, complement * e.difference, log_pm);
    sums[1] = fma(e.q, excess_share(e), sums[1]);
  }
  TEMPER_INLINE void finish_elements(V*) const {}
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    return complement * e.q * (sums[1] - excess_share(e));
  }

 private:
  // w - 1 = (p - m)/m
  TEMPER_INLINE V excess_share(const Element<V>& e) const {
    V m = fma(V{} + skew, e.p, complement * e.q);
    return select(m > 0.0f, -complement * e.difference / select(m > 0.0f, m, V{} + 1.0f), V{});
  }
};

template <class V> struct SkewReverseKl {
  static constexpr ValueForm kValue = ValueForm::kClasses;
  static constexpr GradientForm kGradient = GradientForm::kCentred;
  static constexpr bool kQuadratic = false;
  static constexpr bool kInfiniteLimit = false;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 0;
  static constexpr int kSums = 2;  // D, sum q slope
  static constexpr int kClassSums = 2;
  static constexpr float kMostLog2 = 300.0f;
  static constexpr bool kShares = true;

  float skew, complement;
  V log2_skew, log2_complement;

  TEMPER_INLINE static SkewReverseKl of(const DivergenceParameters& p) {
    return {p.parameter, p.complement, kLog2E * log(V{} + p.parameter), kLog2E * log(V{} + p.complement)};
  }
  TEMPER_INLINE float teacher_weight() const { return complement; }
  TEMPER_INLINE float student_weight() const { return skew; }
  TEMPER_INLINE V log2_weights() const { return log2_complement - log2_skew; }
  TEMPER_INLINE float nearly_equal() const { return nearly_equal_skewed(skew); }

  // The slope is h less its value for p = 0, log(1/a) - 1. Its terms log(q/m) - log(1/a) and 1 - a q/m, the teacher's
  // share of the mixture, both tend to 0 with p/q.
  TEMPER_INLINE V add_class(V* sums, const WeightedClass<V>& c) const {
    V over_student = MixtureLogs<V>(c).over_student(c);
    V slope = fma(over_student, V{} - kLn2, c.share);
    // log2(m/q) with q without its weight, as above
    V log2_mixture = over_student + log2_skew;
    sums[0] = fma(c.q, log2_mixture, sums[0]);
    sums[1] = fma(c.q, slope, sums[1]);
    return slope;
  }
  TEMPER_INLINE void finish(V* sums) const {
    sums[0] = -kLn2 * sums[0] / skew;
    sums[1] = sums[1] / skew;
  }

  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V) const {
    return {-(student_factor * sums[1]), student_factor, V{}};
  }
  TEMPER_INLINE V slope(const Odds<V>& odds) const {
    return fma(log2_over_student(odds), V{} - kLn2, odds.share);
  }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const { return fma(slope, g.slope, g.student); }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    V log_qm = log_student_share(e, complement, skew);
    sums[0] = sums[0] + kl_term(e.q, -complement * e.difference, log_qm);
    sums[1] = sums[1] + select(e.q == 0.0f, V{}, e.q * slope_of(e, log_qm));
  }
  TEMPER_INLINE void finish_elements(V*) const {}
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    V centred = slope_of(e, log_student_share(e, complement, skew)) - sums[1];
    return select(e.q == 0.0f, V{}, e.q * centred);  // NaN if q is NaN
  }

 private:
  // h + a = log(q/m) - a (q/m - 1), whose two terms tend to 0 as q tends to p.
  TEMPER_INLINE V slope_of(const Element<V>& e, V log_qm) const {
    V m = fma(V{} + complement, e.p, skew * e.q);
    V share = complement * e.difference / select(m > 0.0f, m, V{} + 1.0f);
    return log_qm - skew * share;
  }
};

}  // namespace temper
