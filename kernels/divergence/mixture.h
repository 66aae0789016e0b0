// A mixture m of teacher p and student q in one class, for the Jensen-Shannon divergence and the skewed KLs.
#pragma once

#include "policy.h"

namespace temper {

// m = teacher p + student q over the larger of p and q. The two shares are those of the mixture, or a multiple of them.
template <class V> TEMPER_INLINE V mixture_over_larger(const Ratio<V>& ratio, float teacher, float student) {
  auto student_larger = ratio.log2 <= 0.0f;
  V of_larger = select(student_larger, V{} + student, V{} + teacher);
  V of_smaller = select(student_larger, V{} + teacher, V{} + student);
  return fma(of_smaller, ratio.lesser, of_larger);
}

// log2 of the teacher over the mixture, and of the mixture over the student, from log2 of the mixture over the larger
// one. Computing one from the other with log2(p/q) would lose the smaller one if log2(p/q) is large.
template <class V> TEMPER_INLINE V log2_teacher(const Ratio<V>& ratio, V log2_mixture) {
  return min(ratio.log2, V{}) - log2_mixture;
}
template <class V> TEMPER_INLINE V log2_over_student(const Ratio<V>& ratio, V log2_mixture) {
  return max(ratio.log2, V{}) + log2_mixture;
}

// log(m/base) of a class of the near-equal path, accurate relative to itself for shares from 1e-6 to 1 - 1e-6. `base`
// is one of p and q, `difference` the other one less base, and m = share * other + (1 - share) * base.
template <class V>
TEMPER_INLINE V log_mixture_over(V base, V other, V difference, float share, float complement) {
  V safe = max(base, V{} + 1e-45f);
  // The quotient is formed before it is multiplied by the share: share * difference could round to -base if both are
  // subnormal, and log(0) is infinite.
  V rise = share * min(difference / safe, V{} + kLargest);
  V sum = 1.0f + rise;
  // A sum that is far from 1 is the quotient itself, whose digits 1 + rise would lose.
  auto close = (rise > -0.5f) & (sum < 2.0f);
  V quotient = select(rise > -0.5f, sum, fma(V{} + share, other / safe, V{} + complement));
  return log_corrected(quotient, select(close, (sum - 1.0f) - rise, V{}));
}

// log(q/m) and log(p/m) of a class of the near-equal path, where `teacher` and `student` are the shares of p and q in
// m.
template <class V> TEMPER_INLINE V log_student_share(const Element<V>& e, float teacher, float student) {
  return V{} - log_mixture_over(e.q, e.p, -e.difference, teacher, student);
}
template <class V> TEMPER_INLINE V log_teacher_share(const Element<V>& e, float teacher, float student) {
  return V{} - log_mixture_over(e.p, e.q, e.difference, student, teacher);
}

}  // namespace temper
