// The loops that compute the gradient of one block.
#pragma once

#include "row_blocks.h"

namespace temper {
namespace {

// The factors of a block's gradient. `inverse_sums` and `hard_factor`, the factor of the hard part's exponentials, are
// for exponentials at the shift of this block.
struct BlockFactors {
  float soft, hard_factor;
  InverseSums<V> inverse_sums;
  V c;  // (t - s) c is a difference of exponents of 2
};

// Adds the hard part's term of one vector, without the one-hot term of the label.
template <HardExp hard> TEMPER_INLINE V add_hard(V g, V es, const BlockExponentials& in, int i, V factor) {
  if constexpr (hard == HardExp::kNone) return g;
  return fma(hard_exp<hard>(es, in.hard + i), factor, g);
}

// The slope of a class from the difference t - s, where the difference of exponents of 2 is (t - s) c.
template <class Policy> TEMPER_INLINE V slope_of(const Policy& policy, V difference, V c, V log_ratio) {
  V share = {};
  if constexpr (Policy::kValue == ValueForm::kClasses) log_ratio += policy.log2_weights();
  V log2 = log2_ratio(difference, c, log_ratio, Policy::kMostLog2), quotient = exp2(min(log2, splat(126.0f)));
  if constexpr (Policy::kValue == ValueForm::kClasses)
    if constexpr (Policy::kShares) share = quotient * reciprocal(1.0f + quotient);
  return policy.slope(Odds<V>{log2, splat(1.0f), quotient, share});
}

// The gradient on the fast path. If `slopes` is set, in.log_ratio holds slopes, else differences t - s.
template <class Policy, bool soft, HardExp hard, bool slopes>
void fast_gradient_block(const Policy& policy, const BlockExponentials& in, int n, const V* sums,
                         const BlockFactors& factors, float* out) {
  V soft_scale = splat(factors.soft), hard_scale = splat(factors.hard_factor);
  const InverseSums<V>& inverse = factors.inverse_sums;
  RowGradient<V> row = {};
  constexpr bool has_exp = soft && Policy::kGradient != GradientForm::kElementwise;
  if constexpr (has_exp)
    row = policy.row_gradient(sums, soft_scale * inverse.student, soft_scale * inverse.teacher);
  for (int i = 0; i < n; i += kLanes) {
    V es = load(in.student + i), g = {};
    if constexpr (has_exp) {
      V coefficient = row.student;
      if constexpr (is_centred(Policy::kGradient)) {
        V slope = load(in.log_ratio + i);
        if constexpr (!slopes)
          slope = slope_of(policy, slope, factors.c, inverse.log_ratio);
        coefficient = policy.coefficient(slope, row);
      }
      g = is_linear(Policy::kGradient) ? fma(es, coefficient, load(in.teacher + i) * row.teacher) : es * coefficient;
    }
    store(add_hard<hard>(g, es, in, i, hard_scale), out + i);
  }
}

// Adds the hard part's term to the gradient of a block.
template <HardExp hard> void add_hard_block(const BlockExponentials& in, int n, float factor, float* out) {
  for (int i = 0; i < n; i += kLanes)
    store(add_hard<hard>(load(out + i), load(in.student + i), in, i, splat(factor)), out + i);
}

// The gradient on the near-equal path.
template <class Policy, HardExp hard>
void near_gradient_block(const Policy& policy, const BlockExponentials& in, int n, const V* sums,
                         const BlockFactors& factors, float* out) {
  V soft_scale = splat(factors.soft), hard_scale = splat(factors.hard_factor);
  for (int i = 0; i < n; i += kLanes) {
    V g = soft_scale * policy.gradient(element_at(in, i, factors.inverse_sums), sums);
    store(add_hard<hard>(g, load(in.student + i), in, i, hard_scale), out + i);
  }
}

// The gradient on the near-equal path for policies with dD/ds = q - p. If `stored` is set, in.log_ratio holds the
// differences d = q - p, else log ratios. Both lack the correction c = factors.inverse_sums.log_ratio of log(p/q),
// which divides q = p + d by e^c: the corrected difference is d e^-c + p (e^-c - 1).
template <HardExp hard, bool stored>
void difference_gradient_block(const BlockExponentials& in, int n, const BlockFactors& factors, float* out) {
  V soft_scale = splat(factors.soft), hard_scale = splat(factors.hard_factor);
  V rise = expm1_series(factors.inverse_sums.log_ratio), of_difference = soft_scale * (1.0f + rise);
  InverseSums<V> uncorrected = {factors.inverse_sums.teacher, factors.inverse_sums.student, V{}};
  V of_teacher = soft_scale * rise * uncorrected.teacher;
  for (int i = 0; i < n; i += kLanes) {
    V difference = stored ? load(in.log_ratio + i) : element_at(in, i, uncorrected).difference;
    V g = fma(difference, of_difference, load(in.teacher + i) * of_teacher);
    store(add_hard<hard>(g, load(in.student + i), in, i, hard_scale), out + i);
  }
}

// Adds the gradient of a divergence over logits.
template <class Policy>
void add_logit_gradient(const Policy& policy, const float* z, const float* u, int n, float factor, float* out) {
  for (int i = 0; i < n; i += kLanes)
    store(load(out + i) + policy.logit_gradient(load(z + i), load(u + i), splat(factor)), out + i);
}

// Adds the gradient of the far path.
template <class Policy, class Exponents>
void add_far_gradient(const Policy& policy, const Exponents& far, const float* z, const float* u, int n, const V* sums,
                      float factor, float* out) {
  for (int i = 0; i < n; i += kLanes) {
    V g = policy.far_gradient(far.teacher(load(u + i)), far.student(load(z + i)), sums);
    store(load(out + i) + factor * g, out + i);
  }
}

// Adds the limit of a centred gradient where D is +inf, because the teacher lacks a class that the student has.
void add_infinite_gradient(const float* z, const float* u, int n, float factor, float* out) {
  V infinite = splat(factor * kInfinity);
  for (int i = 0; i < n; i += kLanes) {
    V limit = select(load(u + i) == -kInfinity, infinite, -infinite);
    store(load(out + i) + select(load(z + i) == -kInfinity, V{}, limit), out + i);
  }
}

}  // namespace
}  // namespace temper
