// Forward KL: D = sum p (log p - log q), dD/ds = q - p.
#pragma once

#include "policy.h"

namespace temper {

template <class V> struct ForwardKl {
  static constexpr int kRawSums = 1;  // sum et (t - s)
  static constexpr int kSums = 1;     // sum p log(p/q) - p + q
  static constexpr bool kCentred = false;

  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual; }

  // A class with p = 0 adds nothing, whatever q is: max() replaces t - s by a finite number if it is -inf or NaN, and
  // et = 0 then cancels it. A teacher logit of NaN still makes the sum NaN, because et is NaN.
  TEMPER_INLINE void add_raw(V* sums, V s, V t, V es, V et) const {
    (void)es;
    sums[0] = fma(et, max(t - s, V{} - 3.4028235e38f), sums[0]);
  }

  TEMPER_INLINE void add_raw_present(V* sums, V s, V t, V es, V et) const {
    (void)es;
    sums[0] = fma(et, t - s, sums[0]);
  }

  TEMPER_INLINE void shift_raw(V* sums, V student_sum, V teacher_sum, V ds, V dt, V fs, V ft) const {
    (void)student_sum, (void)fs;
    sums[0] = ft * fma(teacher_sum, ds - dt, sums[0]);
  }

  // Ss and St are finite and positive, so that a raw sum of NaN can only come from 0 * inf: a class with q = 0 whose p
  // is positive but rounded to 0. D is +inf then.
  TEMPER_INLINE V raw_value(const V* sums, V student_sum, V teacher_sum, V unit) const {
    V value = fma(sums[0] * unit, 1.0f / teacher_sum, log(student_sum / teacher_sum));
    return select(sums[0] == sums[0], value, teacher_sum / (teacher_sum - teacher_sum));  // x/0 = +inf
  }

  TEMPER_INLINE V linear_gradient(V es, V et, V student_factor, V teacher_factor) const {
    return fma(es, student_factor, -(et * teacher_factor));
  }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    sums[0] = sums[0] + kl_term(e.p, e.difference, e.log_ratio);
  }

  TEMPER_INLINE V value(const V* sums) const { return sums[0]; }

  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    (void)sums;
    return e.difference;
  }
};

}  // namespace temper
