// A mixture m of teacher p and student q in one class, for the Jensen-Shannon divergence and the skewed KLs.
#pragma once

#include "policy.h"

namespace temper {

// Logarithms of one class of the mixture m = p + q, where p and q are multiplied by their weights. Each is the
// logarithm of a number from 1 to 2, plus |log2(p/q)| for the lesser of p and q. Such a sum loses no digits.
template <class V> struct MixtureLogs {
  V over_larger;  // m over the larger of p and q
  V log2_larger;  // log2(over_larger)
  V log2_lesser;  // log2 of m over the lesser of p and q

  TEMPER_INLINE MixtureLogs(const WeightedClass<V>& c)
      : over_larger(1.0f + c.lesser),
        log2_larger(log2_normal(over_larger)),
        log2_lesser(log2_larger + abs(c.log2)) {}

  // log2(m/q)
  TEMPER_INLINE V over_student(const WeightedClass<V>& c) const { return log2_larger + max(c.log2, V{}); }
  // log2(m/p)
  TEMPER_INLINE V over_teacher(const WeightedClass<V>& c) const { return log2_larger + max(-c.log2, V{}); }
};

// log2(m/q) for the gradient, accurate relative to itself or to 1.
template <class V> TEMPER_INLINE V log2_over_student(const Odds<V>& odds) {
  return log2_normal(fma(odds.factor, odds.power, V{} + 1.0f));
}

// log(m/base) of a class on the near-equal path, accurate relative to itself for shares from 1e-6 to 1 - 1e-6. `base`
// is one of p and q, `difference` is other - base, and m = share * other + complement * base.
template <class V>
TEMPER_INLINE V log_mixture_over(V base, V other, V difference, float share, float complement) {
  V safe = max(base, V{} + 1e-45f);
  // The quotient is formed before it is multiplied by the share: share * difference could round to -base if both are
  // subnormal, and log(0) is infinite.
  V rise = share * min(difference / safe, V{} + kLargest);
  V sum = 1.0f + rise;
  // Below a rise of -1/2, 1 + rise would lose digits, so that m/base is computed from its two positive terms. The
  // rounding error of 1 + rise matters only near 1, where the logarithm is small.
  auto close = (rise > -0.5f) & (sum < 2.0f);
  V quotient = select(rise > -0.5f, sum, fma(V{} + share, other / safe, V{} + complement));
  return log_corrected(quotient, select(close, (sum - 1.0f) - rise, V{}));
}

// log(q/m) and log(p/m) of a class on the near-equal path, where m = teacher * p + student * q.
template <class V> TEMPER_INLINE V log_student_share(const Element<V>& e, float teacher, float student) {
  return V{} - log_mixture_over(e.q, e.p, -e.difference, teacher, student);
}
template <class V> TEMPER_INLINE V log_teacher_share(const Element<V>& e, float teacher, float student) {
  return V{} - log_mixture_over(e.p, e.q, e.difference, student, teacher);
}

}  // namespace temper
