// Generalised Jensen-Shannon: D = beta KL(p, m) + (1 - beta) KL(q, m) with m = beta p + (1 - beta) q, for beta between
// 0 and 1. dD/ds = (1 - beta) q (log(q/m) - KL(q, m)).
#pragma once

#include "mixture.h"

namespace temper {

template <class V> struct JensenShannon {
  static constexpr ValueForm kValue = ValueForm::kClasses;
  static constexpr GradientForm kGradient = GradientForm::kCentred;
  static constexpr bool kQuadratic = true;
  static constexpr bool kInfiniteLimit = false;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 0;
  static constexpr int kSums = 3;       // D; sum q slope, on the near-equal path KL(q, m); KL(p, m)
  static constexpr int kClassSums = 2;  // sum of p log2(m/p) and q log2(m/q), and sum of their difference
  static constexpr float kMostLog2 = 300.0f;  // the smaller of p and q is 0 in f32 beyond it
  static constexpr bool kShares = false;

  float beta, complement;
  V log_beta, log_complement;

  TEMPER_INLINE static JensenShannon of(const DivergenceParameters& p) {
    return {p.parameter, p.complement, log(V{} + p.parameter), log(V{} + p.complement)};
  }
  TEMPER_INLINE float teacher_weight() const { return beta; }
  TEMPER_INLINE float student_weight() const { return complement; }
  TEMPER_INLINE V log2_weights() const { return kLog2E * (log_beta - log_complement); }

  // Error of D with u = 2^-24: the logarithm of a class is off by 3u nats (log2_normal), by 4u times the smaller's
  // share of m (WeightedClass::lesser), and by 2u from rounding. If all classes err in the same direction, D is off by
  // about 7u, which is 5e-5 of this bound. For nearly equal distributions D = beta (1 - beta) KL; with beta = 1/2 the
  // bound selects the same rows as that of forward KL.
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual / 4; }

  // The terms p log2(m/p) and q log2(m/q) of a class, as `larger` times a factor each. Which of them belongs to the
  // teacher is the sign of their difference.
  TEMPER_INLINE V add_class(V* sums, const WeightedClass<V>& c) const {
    MixtureLogs<V> logs(c);
    V lesser_term = c.lesser * logs.log2_lesser;
    sums[0] = fma(c.larger, logs.log2_larger + lesser_term, sums[0]);
    sums[1] = fma(copy_sign(c.larger, c.log2), logs.log2_larger - lesser_term, sums[1]);
    return V{} - logs.over_student(c);
  }

  // D is the entropy of beta less the first sum.
  TEMPER_INLINE void finish(V* sums) const {
    V entropy = V{} - (beta * log_beta + complement * log_complement), student_terms = 0.5f * (sums[0] - sums[1]);
    sums[0] = at_most_ln2(entropy - kLn2 * sums[0]);
    sums[1] = student_terms * (-kLn2 / complement);
  }

  // The slope is log2(q/m) less its value for p = 0. The gradient of a row with almost disjoint distributions is then 0
  // without cancellation, because every class has a slope of 0 or q = 0.
  TEMPER_INLINE V slope(const Odds<V>& odds) const { return V{} - log2_over_student(odds); }

  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V) const {
    V weighted = complement * student_factor;
    return {-(weighted * sums[1]), kLn2 * weighted, V{}};
  }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const { return fma(slope, g.slope, g.student); }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    sums[1] = sums[1] + kl_term(e.q, -beta * e.difference, log_student_share(e, beta, complement));
    sums[2] = sums[2] + kl_term(e.p, complement * e.difference, log_teacher_share(e, beta, complement));
  }
  TEMPER_INLINE void finish_elements(V* sums) const { sums[0] = at_most_ln2(beta * sums[2] + complement * sums[1]); }
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    V centred = log_student_share(e, beta, complement) - sums[1];
    return select(e.q == 0.0f, V{}, complement * e.q * centred);  // NaN if q is NaN
  }

 private:
  // D is at most ln 2, which rounding can exceed if beta = 1/2 and no class has both p > 0 and q > 0.
  TEMPER_INLINE static V at_most_ln2(V d) { return select(d > kLn2, V{} + kLn2, d); }
};

}  // namespace temper
