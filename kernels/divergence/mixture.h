// A mixture m of teacher p and student q in one class, for the Jensen-Shannon divergence and the skewed KLs.
#pragma once

#include "policy.h"

namespace temper {

// The mixture m = teacher p + student q, divided by the larger of p and q.
template <class V> TEMPER_INLINE V mixture_over_larger(const Ratio<V>& ratio, float teacher, float student) {
  auto student_larger = ratio.log2 <= 0.0f;
  V of_larger = select(student_larger, V{} + student, V{} + teacher);
  V of_smaller = select(student_larger, V{} + teacher, V{} + student);
  return fma(of_smaller, ratio.lesser, of_larger);
}

// log2(p/m) and log2(m/q), from `log2_mixture`, which is log2 of m over the larger of p and q. If log2(p/q) is large,
// computing one from the other would lose the smaller one.
template <class V> TEMPER_INLINE V log2_teacher(const Ratio<V>& ratio, V log2_mixture) {
  return min(ratio.log2, V{}) - log2_mixture;
}
template <class V> TEMPER_INLINE V log2_over_student(const Ratio<V>& ratio, V log2_mixture) {
  return max(ratio.log2, V{}) + log2_mixture;
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

// log(q/m) and log(p/m) of a class on the near-equal path, where `teacher` and `student` are the shares of p and q in
// m.
template <class V> TEMPER_INLINE V log_student_share(const Element<V>& e, float teacher, float student) {
  return V{} - log_mixture_over(e.q, e.p, -e.difference, teacher, student);
}
template <class V> TEMPER_INLINE V log_teacher_share(const Element<V>& e, float teacher, float student) {
  return V{} - log_mixture_over(e.p, e.q, e.difference, student, teacher);
}

}  // namespace temper
