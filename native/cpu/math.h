// The primitives that kernels/divergence/policy.h asks for, for a vector of floats, and the exponential of the traversal.
#pragma once

#include "vector.h"

namespace temper {
namespace {

TEMPER_INLINE V splat(float a) { return a - V{}; }
TEMPER_INLINE V abs(V a) { return (V)((I)a & 0x7fffffff); }
TEMPER_INLINE V select(I mask, V a, V b) { return mask ? a : b; }

TEMPER_INLINE I lane_numbers() {
  I lane = {};
  for (int i = 0; i < kLanes; i++) lane[i] = i;
  return lane;
}

TEMPER_INLINE V load(const float* in) {
  V a;
  __builtin_memcpy(&a, in, sizeof a);
  return a;
}
TEMPER_INLINE void store(V a, float* out) { __builtin_memcpy(out, &a, sizeof a); }

// Lanes are added pairwise in a fixed order.
TEMPER_INLINE float sum_lanes(V a) {
  float lane[kLanes];
  store(a, lane);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] += lane[i + half];
  return lane[0];
}
TEMPER_INLINE float max_lanes(V a) {
  float lane[kLanes];
  store(a, lane);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] = lane[i] > lane[i + half] ? lane[i] : lane[i + half];
  return lane[0];
}
TEMPER_INLINE bool any(I mask) {
  int found = 0;
  for (int i = 0; i < kLanes; i++) found |= mask[i];
  return found != 0;
}

// 2^-151 is 0 in f32, subnormals included, so that exponents below need no telling apart (and -inf no case of its own).
constexpr float kLowest = -151.0f;

// 2^(x c) for x <= 0 and a positive c; `lowest` = kLowest / c. NaN stays NaN. Adding kRounder leaves no place for anything below the
// table's step; the product is rounded once, after its whole part n is gone. 0.95 ulp without a table (a minimax polynomial of degree 6,
// exactly 1 at 0, is off by 2e-9 on [-1/2, 1/2], the rest is rounding), 1.03 ulp with one: two operations of thirteen less.
TEMPER_INLINE V exp2_scaled(V x, V c, V lowest) {
  constexpr float kRounder = 12582912.0f / kExp2Steps;  // 1.5 * 2^23 in steps
  x = not_below(lowest, x);
  V shifted = fma(x, c, splat(kRounder)), n = shifted - kRounder, f = fma(x, c, -n);
  if constexpr (kExp2Steps == 16) {
    V step = exp2_step(shifted);  // 2^(n - whole part); 2^f on [-1/32, 1/32] needs degree 3 for 1.6e-9
    V y = fma(f, splat(0.0555021353f), splat(0.2402343f));
    y = fma(f, y, splat(0.693147182f));
    return scale(fma(step * f, y, step), n, x, lowest);
  }
  V y = fma(f, splat(0.000154762795f), splat(0.00134002354f));
  y = fma(f, y, splat(0.00961800398f));
  y = fma(f, y, splat(0.0555032791f));
  y = fma(f, y, splat(0.240226513f));
  y = fma(f, y, splat(0.693147206f));
  return scale(fma(f, y, splat(1.0f)), n, x, lowest);
}

// f of x = 2^n (1 + f) with 1 + f in [sqrt(1/2), sqrt 2), for normal positive x.
TEMPER_INLINE V normalised(V x, V& n) {
  I shifted = (I)x - 0x3f3504f3;  // sqrt(1/2)
  n = __builtin_convertvector(shifted >> 23, V);
  return (V)((shifted & 0x7fffff) + 0x3f3504f3) - 1.0f;
}
// log(x) - correction: for normal positive x; minimax of degree 7 in f in the last term.
TEMPER_INLINE V log_corrected(V x, V correction) {
  V k, f = normalised(x, k);
  V y = fma(f, splat(-0.0786021453f), splat(0.128814117f));
  y = fma(f, y, splat(-0.131284046f));
  y = fma(f, y, splat(0.14181213f));
  y = fma(f, y, splat(-0.16624596f));
  y = fma(f, y, splat(0.20002286f));
  y = fma(f, y, splat(-0.25000809f));
  y = fma(f, y, splat(0.333333167f));
  V square = f * f;
  V low = fma(k, splat(-2.12194440e-4f), f * square * y) - correction;  // log 2 = 0.693359375 - 2.12194440e-4, the first part short
  return fma(k, splat(0.693359375f), f + fma(square, splat(-0.5f), low));
}
TEMPER_INLINE V log(V x) {
  V y = log_corrected(x, V{});
  return select(x < __builtin_huge_valf(), y, x);  // +inf and NaN
}
// log2 of a normal positive number to 2^-23, absolutely; minimax of degree 8 in f.
TEMPER_INLINE V log2_normal(V x) {
  V n, f = normalised(x, n);
  V y = fma(f, splat(-0.14574452f), splat(0.23689047f));
  y = fma(f, y, splat(-0.25006905f));
  y = fma(f, y, splat(0.28670743f));
  y = fma(f, y, splat(-0.36008722f));
  y = fma(f, y, splat(0.48093945f));
  y = fma(f, y, splat(-0.72135717f));
  y = fma(f, y, splat(1.4426948f));
  return fma(f, y, n);
}
// 1 + x loses what the quotient gives back.
TEMPER_INLINE V log1p(V x) {
  V u = 1.0f + x;
  return log_corrected(u, ((u - 1.0f) - x) / u);
}

}  // namespace
}  // namespace temper
