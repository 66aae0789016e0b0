// Mixed KL: D = lambda KL(p, q) + (1 - lambda) KL(q, p), for lambda between 0 and 1. Its gradient is the sum of the
// linear gradient of the forward KL and the centred gradient of the reverse KL.
#pragma once

#include "reverse_kl.h"

namespace temper {

template <class V> struct MixedKl {
  static constexpr ValueForm kValue = ValueForm::kRawSums;
  static constexpr GradientForm kGradient = GradientForm::kBoth;
  static constexpr bool kQuadratic = true;
  static constexpr bool kInfiniteLimit = true;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 2;
  static constexpr int kSums = 3;  // D, KL(q, p), KL(p, q)
  static constexpr float kMostLog2 = ReverseKl<V>::kMostLog2;

  float lambda, complement;

  TEMPER_INLINE static MixedKl of(const DivergenceParameters& p) { return {p.parameter, p.complement}; }
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual; }

  TEMPER_INLINE void add_raw(V* raw, V s, V t, V es, V et) const {
    forward().add_raw(raw, s, t, es, et);
    reverse().add_raw(raw + 1, s, t, es, et);
  }
  TEMPER_INLINE void add_raw_any(V* raw, V s, V t, V es, V et) const {
    forward().add_raw_any(raw, s, t, es, et);
    reverse().add_raw_any(raw + 1, s, t, es, et);
  }
  TEMPER_INLINE void shift_raw(V* raw, V student_sum, V teacher_sum, V ds, V dt, V fs, V ft) const {
    forward().shift_raw(raw, student_sum, teacher_sum, ds, dt, fs, ft);
    reverse().shift_raw(raw + 1, student_sum, teacher_sum, ds, dt, fs, ft);
  }
  TEMPER_INLINE void finish_raw(const V* raw, V student_sum, V teacher_sum, V unit, V* sums) const {
    forward().finish_raw(raw, student_sum, teacher_sum, unit, sums + 2);
    reverse().finish_raw(raw + 1, student_sum, teacher_sum, unit, sums + 1);
    finish_elements(sums);
  }

  TEMPER_INLINE auto teacher_lacks_class(const V* sums) const { return sums[1] > kLargest; }

  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V teacher_factor) const {
    RowGradient<V> g = reverse().row_gradient(sums + 1, complement * student_factor, teacher_factor);
    return {fma(student_factor, V{} + lambda, g.student), g.slope, -lambda * teacher_factor};
  }
  TEMPER_INLINE V slope(const Odds<V>& odds) const { return odds.log2; }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const { return fma(slope, g.slope, g.student); }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    forward().add(sums + 2, e);
    reverse().add(sums + 1, e);
  }
  TEMPER_INLINE void finish_elements(V* sums) const { sums[0] = lambda * sums[2] + complement * sums[1]; }
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    return lambda * e.difference + complement * reverse().gradient(e, sums + 1);
  }

 private:
  TEMPER_INLINE static ForwardKl<V> forward() { return {}; }
  TEMPER_INLINE static ReverseKl<V> reverse() { return {}; }
};

}  // namespace temper
