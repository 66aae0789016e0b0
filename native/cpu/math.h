// Vector arithmetic: the functions that kernels/divergence/policy.h requires, and the exponential of the loss.
#pragma once

#include "vector.h"

namespace temper {
namespace {

constexpr float kInfinity = __builtin_huge_valf();
TEMPER_INLINE float infinity() { return kInfinity; }  // the name that the shared headers use

TEMPER_INLINE V splat(float a) { return a - V{}; }
TEMPER_INLINE V abs(V a) { return (V)((I)a & 0x7fffffff); }
TEMPER_INLINE V copy_sign(V size, V sign) { return (V)(((I)size & 0x7fffffff) | ((I)sign & ~0x7fffffff)); }
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
TEMPER_INLINE I load(const int* in) {
  I a;
  __builtin_memcpy(&a, in, sizeof a);
  return a;
}
TEMPER_INLINE void store(I a, int* out) { __builtin_memcpy(out, &a, sizeof a); }

TEMPER_INLINE float first_lane(V a) { return a[0]; }
// Four numbers in the first lanes, and 1 in the others.
TEMPER_INLINE V lanes(float a, float b, float c, float d) {
  V v = splat(1.0f);
  v[0] = a, v[1] = b, v[2] = c, v[3] = d;
  return v;
}

// Adds the lanes pairwise in a fixed order: each lane of the lower half and its partner in the upper half, until one is
// left. The lanes stay in registers: a loop over them in memory took a third of the time of a row with a list.
template <int half = kLanes / 2> TEMPER_INLINE float sum_lanes(V a) {
  a += swapped<half>(a);
  if constexpr (half == 1) return a[0];
  else return sum_lanes<half / 2>(a);
}
template <int half = kLanes / 2> TEMPER_INLINE float max_lanes(V a) {
  a = max(a, swapped<half>(a));
  if constexpr (half == 1) return a[0];
  else return max_lanes<half / 2>(a);
}

// 2^-151 rounds to 0 in f32. Every exponent below it, -inf included, may therefore be replaced by it.
constexpr float kLowest = -151.0f;

// 2^(x c) for x <= 0 and positive c, where `lowest` is kLowest / c; NaN gives NaN. Adding kRounder to x c rounds it to
// n, a multiple of 1/kExp2TableSize. The remainder f = x c - n comes from one fma, so that the product is rounded only
// once. Without a table the error is at most 0.96 ulp: the polynomial of degree 6 (minimax, exactly 1 at 0) contributes
// 2e-9 on [-1/2, 1/2], rounding the rest. With a table the error is at most 1.03 ulp, and two of thirteen operations
// are saved. On SSE2, whose fma() rounds twice, it is at most 1.3 ulp for c = 1, and grows with |x c| for other c.
TEMPER_INLINE V exp2_scaled(V x, V c, V lowest) {
  constexpr float kRounder = 12582912.0f / kExp2TableSize;  // 1.5 * 2^23 table steps
  x = clamp_exponent(lowest, x);
  V shifted = fma(x, c, splat(kRounder)), n = shifted - kRounder, f = fma(x, c, -n);
  if constexpr (kExp2TableSize == 16) {
    V power = exp2_table(shifted);  // 2^(n - floor(n)); for 2^f on [-1/32, 1/32] degree 3 is accurate to 1.6e-9
    V y = fma(f, splat(0.0555021353f), splat(0.2402343f));
    y = fma(f, y, splat(0.693147182f));
    return scale_by_power(fma(power * f, y, power), n, x, lowest);
  }
  V y = fma(f, splat(0.000154762795f), splat(0.00134002354f));
  y = fma(f, y, splat(0.00961800398f));
  y = fma(f, y, splat(0.0555032791f));
  y = fma(f, y, splat(0.240226513f));
  y = fma(f, y, splat(0.693147206f));
  return scale_by_power(fma(f, y, splat(1.0f)), n, x, lowest);
}

TEMPER_INLINE V exp2(V x) { return exp2_scaled(x, splat(1.0f), splat(kLowest)); }

// Splits a normal positive x = 2^n (1 + f) with 1 + f in [sqrt(1/2), sqrt 2). Returns f.
TEMPER_INLINE V split_exponent(V x, V& n) {
  I shifted = (I)x - 0x3f3504f3;  // sqrt(1/2)
  n = __builtin_convertvector(shifted >> 23, V);
  return (V)((shifted & 0x7fffff) + 0x3f3504f3) - 1.0f;
}
// log(x) - correction for normal positive x: log(1 + f) = f - f^2/2 + f^3 y with a minimax polynomial y of degree 7 in
// f.
TEMPER_INLINE V log_corrected(V x, V correction) {
  V k, f = split_exponent(x, k);
  V y = fma(f, splat(-0.0786021453f), splat(0.128814117f));
  y = fma(f, y, splat(-0.131284046f));
  y = fma(f, y, splat(0.14181213f));
  y = fma(f, y, splat(-0.16624596f));
  y = fma(f, y, splat(0.20002286f));
  y = fma(f, y, splat(-0.25000809f));
  y = fma(f, y, splat(0.333333167f));
  V square = f * f;
  // log 2 = 0.693359375 - 2.12194440e-4. The first part has few bits, so that its product with k is exact.
  V low = fma(k, splat(-2.12194440e-4f), f * square * y) - correction;
  return fma(k, splat(0.693359375f), f + fma(square, splat(-0.5f), low));
}
TEMPER_INLINE V log(V x) {
  V y = log_corrected(x, V{});
  return select(x < __builtin_huge_valf(), y, x);  // log(+inf) = +inf, log(NaN) = NaN
}
// log2 of a normal positive number, with an absolute error of 2^-23 between 1/2 and 2: n plus a minimax polynomial of
// degree 8 in f, or with a table n + log2(c) plus one of degree 4 in r, which takes four operations less.
TEMPER_INLINE V log2_normal(V x) {
  V n;
  if constexpr (kHasLog2Table) {
    V log2_c, r = split_by_table(x, n, log2_c);
    V y = fma(r, splat(-0.360950083f), splat(0.481163591f));
    y = fma(r, y, splat(-0.721347451f));
    y = fma(r, y, splat(1.44269502f));
    return fma(r, y, log2_c) + n;
  }
  V f = split_exponent(x, n);
  V y = fma(f, splat(-0.14574452f), splat(0.23689047f));
  y = fma(f, y, splat(-0.25006905f));
  y = fma(f, y, splat(0.28670743f));
  y = fma(f, y, splat(-0.36008722f));
  y = fma(f, y, splat(0.48093945f));
  y = fma(f, y, splat(-0.72135717f));
  y = fma(f, y, splat(1.4426948f));
  return fma(f, y, n);
}
// log1p(x) = log(u) - ((u - 1) - x) / u with u = 1 + x rounded. The quotient corrects the rounding of u.
TEMPER_INLINE V log1p(V x) {
  V u = 1.0f + x;
  return log_corrected(u, ((u - 1.0f) - x) / u);
}

}  // namespace
}  // namespace temper
