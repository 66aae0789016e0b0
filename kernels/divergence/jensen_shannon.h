// Generalised Jensen-Shannon, m = beta p + (1 - beta) q, 0 < beta < 1 (beta weighs the teacher, as in GKD):
// D = beta KL(p, m) + (1 - beta) KL(q, m), dD/ds = (1 - beta) q (log(q/m) - KL(q, m)).
// m is never formed by that sum: q + beta (p - q) is q itself where p = q.
#pragma once

#include "policy.h"

namespace temper {

template <class V> struct JensenShannon {
  static constexpr int kRawSums = 0;   // KL(q, m) needs both normalisers
  static constexpr int kSums = 2;      // KL(p, m), KL(q, m)
  static constexpr bool kGradientNeedsSums = true;

  float beta;

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    V log_pm, log_qm;
    logarithms(e, log_pm, log_qm);
    sums[0] = sums[0] + kl_term(e.p, (1.0f - beta) * e.difference, log_pm);
    sums[1] = sums[1] + kl_term(e.q, -beta * e.difference, log_qm);
  }

  TEMPER_INLINE V value(const V* sums) const { return beta * sums[0] + (1.0f - beta) * sums[1]; }

  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    V log_pm, log_qm;
    logarithms(e, log_pm, log_qm);
    return select(e.q == 0.0f, V{}, (1.0f - beta) * e.q * (log_qm - sums[1]));   // a NaN goes through
  }

 private:
  // log(p/m) and log(q/m) with one logarithm: that of the smaller over the mixture, in a form that keeps its relative accuracy
  // as q tends to p; the other one differs by log(p/q).
  TEMPER_INLINE void logarithms(const Element<V>& e, V& log_pm, V& log_qm) const {
    // The quotient first: times the weight a subnormal difference may round to the whole of `larger`, and log1p(-1) is infinite.
    V larger = max(e.p, e.q);
    auto student_larger = e.log_ratio <= 0.0f;
    V weight = select(student_larger, V{} + beta, V{} + (1.0f - beta));
    V mixed = V{} - log1p(select(larger > 0.0f, -weight * (abs(e.difference) / larger), V{}));
    log_pm = select(student_larger, mixed + e.log_ratio, mixed);
    log_qm = select(student_larger, mixed, mixed - e.log_ratio);
  }
};

}  // namespace temper
