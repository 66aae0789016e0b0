// Mean squared error of the logits: D = mean (z - u)^2, dD/dz = 2 (z - u) / classes. D has no softmax and no
// temperature.
#pragma once

#include "policy.h"

namespace temper {

template <class V> struct LogitMse {
  static constexpr ValueForm kValue = ValueForm::kLogits;
  static constexpr GradientForm kGradient = GradientForm::kElementwise;
  static constexpr bool kQuadratic = false;
  static constexpr bool kInfiniteLimit = false;
  static constexpr bool kFar = false;
  static constexpr bool kSeparateLabel = false;
  static constexpr bool kEstimates = false;
  static constexpr int kRawSums = 0;
  static constexpr int kSums = 1;  // D

  float inverse_classes;

  TEMPER_INLINE static LogitMse of(const DivergenceParameters& p) { return {1.0f / p.classes}; }

  // A class that both tensors lack adds nothing; one that only one tensor lacks makes the sum +inf.
  TEMPER_INLINE void add_logits(V* sums, V z, V u) const {
    V difference = select(z == u, V{}, z - u);
    sums[0] = fma(difference, difference, sums[0]);
  }
  TEMPER_INLINE void finish(V* sums) const { sums[0] = inverse_classes * sums[0]; }

  // NaN where only one logit is -inf.
  TEMPER_INLINE V logit_gradient(V z, V u, V factor) const {
    V difference = z - u, step = 2.0f * inverse_classes * factor * difference;
    return select(z == u, V{}, select(min(z, u) < -kLargest, difference - difference, step));
  }
};

}  // namespace temper
