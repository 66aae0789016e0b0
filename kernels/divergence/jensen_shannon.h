// Generalised Jensen-Shannon, m = beta p + (1 - beta) q, 0 < beta < 1 (beta weighs the teacher, as in GKD):
// D = beta KL(p, m) + (1 - beta) KL(q, m), dD/ds = (1 - beta) q (log(q/m) - KL(q, m)).
// On the accurate route m is never formed by that sum: q + beta (p - q) is q itself where p = q.
#pragma once

#include "policy.h"

namespace temper {

template <class V> struct JensenShannon {
  static constexpr int kRawSums = 0;   // m needs both normalisers
  static constexpr int kSums = 2;      // KL(p, m), KL(q, m)
  static constexpr bool kGradientNeedsSums = true;
  static constexpr bool kCentred = true;   // dD/dq = (1 - beta) log(q/m)

  float beta, complement;   // 1 - beta, rounded for itself: near 1, what is left of a rounded beta is far off

  // In nats, u = 2^-24: a class's logarithm is off by 3u (log2_normal), by 4u times the smaller's share of m (ratio.lesser) and by
  // 2u of rounding, so that D is good to about 7u, 5e-5 of this, if every class erred the same way. Nearly equal distributions
  // have D = beta (1 - beta) KL: with beta = 1/2 it is the same rows that forward KL takes for nearly equal.
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual / 4; }

  // log2(q/m) by one logarithm, that of m over the larger of p and q.
  TEMPER_INLINE V slope(const Ratio<V>& ratio) const { return -max(ratio.log2, V{}) - log2_mixture(ratio); }

  // log2(p/m), log2(q/m): each from the mixture's logarithm, as their difference may be large and the smaller of them not.
  TEMPER_INLINE Slopes<V> slopes(const Ratio<V>& ratio) const {
    V mixture = log2_mixture(ratio);
    return {-max(-ratio.log2, V{}) - mixture, -max(ratio.log2, V{}) - mixture};
  }

  // In bits, as slopes are.
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

  // At most ln 2, which distributions without a common class reach with beta = 1/2: there rounding went beyond it.
  TEMPER_INLINE V value(const V* sums) const {
    V value = beta * sums[0] + complement * sums[1];
    return select(value > kLn2, V{} + kLn2, value);
  }

  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    V log_pm, log_qm;
    logarithms(e, log_pm, log_qm);
    return select(e.q == 0.0f, V{}, complement * e.q * (log_qm - sums[1]));   // a NaN goes through
  }

 private:
  // log2 of m over the larger of p and q.
  TEMPER_INLINE V log2_mixture(const Ratio<V>& ratio) const {
    auto student_larger = ratio.log2 <= 0.0f;
    V of_larger = select(student_larger, V{} + complement, V{} + beta);
    V of_smaller = select(student_larger, V{} + beta, V{} + complement);
    return log2_normal(fma(of_smaller, ratio.lesser, of_larger));
  }

  // log(p/m) and log(q/m) with one logarithm: that of the smaller over the mixture, in a form that keeps its relative accuracy
  // as q tends to p; the other one differs by log(p/q).
  TEMPER_INLINE void logarithms(const Element<V>& e, V& log_pm, V& log_qm) const {
    // The quotient first: times the weight a subnormal difference may round to the whole of `larger`, and log1p(-1) is infinite.
    V larger = max(e.p, e.q);
    auto student_larger = e.log_ratio <= 0.0f;
    V weight = select(student_larger, V{} + beta, V{} + complement);
    V mixed = V{} - log1p(select(larger > 0.0f, -weight * (abs(e.difference) / larger), V{}));
    log_pm = select(student_larger, mixed + e.log_ratio, mixed);
    log_qm = select(student_larger, mixed, mixed - e.log_ratio);
  }
};

}  // namespace temper
