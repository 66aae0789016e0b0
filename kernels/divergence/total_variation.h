// Total variation: D = 1/2 sum |p - q|, dD/ds = 1/2 q (sg - sum q sg) with sg = sign(q - p), 0 at ties.
#pragma once

#include "policy.h"

namespace temper {

template <class V> struct TotalVariation {
  static constexpr ValueForm kValue = ValueForm::kClasses;
  static constexpr GradientForm kGradient = GradientForm::kCentred;
  static constexpr bool kQuadratic = false;
  static constexpr bool kInfiniteLimit = false;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 0;
  static constexpr int kSums = 4;  // D; sum q over the classes with q > p, with q < p, with q = p
  static constexpr int kClassSums = kSums;
  static constexpr float kMostLog2 = 300.0f;
  static constexpr bool kShares = false;

  TEMPER_INLINE static TotalVariation of(const DivergenceParameters&) { return {}; }
  TEMPER_INLINE float nearly_equal() const { return kNearlyEqual; }

  TEMPER_INLINE float teacher_weight() const { return 1; }
  TEMPER_INLINE float student_weight() const { return 1; }
  TEMPER_INLINE V log2_weights() const { return V{}; }

  TEMPER_INLINE V add_class(V* sums, const WeightedClass<V>& c) const {
    add(sums, abs(c.p - c.q), c.q, -c.log2);
    return -c.log2;
  }
  TEMPER_INLINE void finish(V* sums) const { sums[0] = 0.5f * sums[0]; }

  // sg - sum q sg takes three values, for q > p, q < p and q = p. The first two are sums of parts of q, which do not
  // cancel where almost all of q is in one part. `teacher` holds the third value.
  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V) const {
    V tie = 0.5f * sums[3];
    return {student_factor * (sums[2] + tie), -student_factor * (sums[1] + tie),
            0.5f * student_factor * (sums[2] - sums[1])};
  }
  TEMPER_INLINE V slope(const Odds<V>& odds) const { return -odds.log2; }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const {
    return select(slope > 0.0f, g.student, select(slope < 0.0f, g.slope, g.teacher));
  }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const { add(sums, abs(e.difference), e.q, e.difference); }
  TEMPER_INLINE void finish_elements(V* sums) const { finish(sums); }
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    return e.q * coefficient(e.difference, row_gradient(sums, V{} + 1.0f, V{}));
  }

 private:
  TEMPER_INLINE static void add(V* sums, V distance, V q, V sign) {
    sums[0] = sums[0] + distance;
    sums[1] = sums[1] + select(sign > 0.0f, q, V{});
    sums[2] = sums[2] + select(sign < 0.0f, q, V{});
    sums[3] = sums[3] + select(sign == 0.0f, q, V{});
  }
};

}  // namespace temper
