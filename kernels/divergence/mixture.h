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

// log2 of teacher and student over the mixture, from log2 of the mixture over the larger of the two. Computing one from
// the other with log2(p/q) would lose the smaller one if log2(p/q) is large.
template <class V> TEMPER_INLINE V log2_teacher(const Ratio<V>& ratio, V log2_mixture) {
  return -max(-ratio.log2, V{}) - log2_mixture;
}
template <class V> TEMPER_INLINE V log2_student(const Ratio<V>& ratio, V log2_mixture) {
  return -max(ratio.log2, V{}) - log2_mixture;
}

template <class V> struct MixtureLogs {
  V teacher, student;  // log(p/m), log(q/m)
};

// The logarithms of a class of the near-equal path, each accurate relative to itself for shares from 1e-6 to 1 - 1e-6.
// m = teacher p + student q, where the two shares add up to 1.
template <class V> TEMPER_INLINE MixtureLogs<V> mixture_logs(const Element<V>& e, float teacher, float student) {
  auto student_larger = e.difference >= 0.0f;
  V larger = max(e.p, e.q), smaller = min(e.p, e.q), distance = abs(e.difference);
  V of_smaller = select(student_larger, V{} + teacher, V{} + student);
  V of_larger = select(student_larger, V{} + student, V{} + teacher);
  V safe = select(larger > 0.0f, larger, V{} + 1.0f);
  // The quotient is formed before it is multiplied by the share: share * distance could round up to `larger` if both
  // are subnormal, and log1p(-1) is infinite.
  V fall = -of_smaller * (distance / safe);
  V by_sum = log(select(larger > 0.0f, fma(of_smaller, smaller / safe, of_larger), V{} + 1.0f));
  V over_larger = select(fall > -0.5f, log1p(max(fall, V{} - 0.5f)), by_sum);
  V rise = select(smaller > 0.0f, of_larger * (distance / select(smaller > 0.0f, smaller, V{} + 1.0f)), V{} + kHuge);
  V over_smaller = log1p(min(rise, V{} + kHuge));
  return {V{} - select(student_larger, over_smaller, over_larger),
          V{} - select(student_larger, over_larger, over_smaller)};
}

}  // namespace temper
