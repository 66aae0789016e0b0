// Generalised Jensen-Shannon with the mixture m = beta p + (1 - beta) q, 0 < beta < 1; beta is the weight of the
// teacher, as in GKD. D = beta KL(p, m) + (1 - beta) KL(q, m), dD/ds = (1 - beta) q (log(q/m) - KL(q, m)). The
// near-equal path computes m as q + beta (p - q), which is exactly q if p = q.
#pragma once

#include "policy.h"

namespace temper {

template <class V> struct JensenShannon {
  static constexpr int kRawSums = 0;      // m requires both normalised probabilities
  static constexpr int kSums = 2;         // KL(p, m), KL(q, m)
  static constexpr bool kCentred = true;  // dD/dq = (1 - beta) log(q/m)

  float beta,
      complement;  // complement is 1 - beta rounded from f64: near 1, the rounding of beta spoils 1 - beta in f32

  // Error of D with u = 2^-24: the logarithm of a class is off by 3u nats (log2_normal), by 4u times the smaller's
  // share of m (ratio.lesser), and by 2u from rounding. If all classes err in the same direction, D is off by about 7u,
  // which is 5e-5 of this limit. For nearly equal distributions D = beta (1 - beta) KL; with beta = 1/2 the limit
  // selects the same rows as forward KL does.
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual / 4; }

  // log2(q/m), with one logarithm: that of m over the larger of p and q.
  TEMPER_INLINE V slope(const Ratio<V>& ratio) const { return -max(ratio.log2, V{}) - log2_mixture(ratio); }

  // log2(p/m) and log2(q/m), both from the logarithm of the mixture. Computing one from the other with log2(p/q) would
  // lose the smaller one if log2(p/q) is large.
  TEMPER_INLINE Slopes<V> slopes(const Ratio<V>& ratio) const {
    V mixture = log2_mixture(ratio);
    return {-max(-ratio.log2, V{}) - mixture, -max(ratio.log2, V{}) - mixture};
  }

  // The sums are in bits, because the slopes are.
  TEMPER_INLINE void add_class(V* sums, V p, V q, const Slopes<V>& slopes) const {
    sums[0] = fma(p, slopes.teacher, sums[0]);
    sums[1] = fma(q, slopes.student, sums[1]);
  }

  TEMPER_INLINE void finish(V* sums) const {
    sums[0] = kLn2 * sums[0];
    sums[1] = kLn2 * sums[1];
  }

  TEMPER_INLINE Centring<V> centring(V factor, const V* sums) const {
    V weighted = complement * factor;
    return {kLn2 * weighted, weighted * sums[1]};
  }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    V log_pm, log_qm;
    logarithms(e, log_pm, log_qm);
    sums[0] = sums[0] + kl_term(e.p, complement * e.difference, log_pm);
    sums[1] = sums[1] + kl_term(e.q, -beta * e.difference, log_qm);
  }

  // Limited to ln 2, the maximum of D, which rounding can exceed if beta = 1/2 and no class has both p > 0 and q > 0.
  TEMPER_INLINE V value(const V* sums) const {
    V value = beta * sums[0] + complement * sums[1];
    return select(value > kLn2, V{} + kLn2, value);
  }

  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    V log_pm, log_qm;
    logarithms(e, log_pm, log_qm);
    return select(e.q == 0.0f, V{}, complement * e.q * (log_qm - sums[1]));  // NaN if q is NaN
  }

 private:
  // log2 of m over the larger of p and q.
  TEMPER_INLINE V log2_mixture(const Ratio<V>& ratio) const {
    auto student_larger = ratio.log2 <= 0.0f;
    V of_larger = select(student_larger, V{} + complement, V{} + beta);
    V of_smaller = select(student_larger, V{} + beta, V{} + complement);
    return log2_normal(fma(of_smaller, ratio.lesser, of_larger));
  }

  // log(p/m) and log(q/m), with one logarithm: that of the larger of p and q over the mixture, in a form that stays
  // accurate relative to itself as q tends to p. The other one differs from it by log(p/q).
  TEMPER_INLINE void logarithms(const Element<V>& e, V& log_pm, V& log_qm) const {
    // The quotient is formed before it is multiplied by the weight: weight * difference could round up to `larger` if
    // both are subnormal, and log1p(-1) is infinite.
    V larger = max(e.p, e.q);
    auto student_larger = e.log_ratio <= 0.0f;
    V weight = select(student_larger, V{} + beta, V{} + complement);
    V mixed = V{} - log1p(select(larger > 0.0f, -weight * (abs(e.difference) / larger), V{}));
    log_pm = select(student_larger, mixed + e.log_ratio, mixed);
    log_qm = select(student_larger, mixed, mixed - e.log_ratio);
  }
};

}  // namespace temper
