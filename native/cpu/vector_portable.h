// Four floats in GCC's vector extension, for any 64-bit target of gcc or clang: SSE2 on x86-64, NEON on aarch64.
#pragma once

#include "small_copy.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace temper {
namespace {

constexpr int kLanes = 4;
typedef float V __attribute__((vector_size(16)));
typedef int I __attribute__((vector_size(16)));
typedef unsigned Bits __attribute__((vector_size(16)));

#if defined(__aarch64__)
TEMPER_INLINE V fma(V a, V b, V c) { return (V)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
TEMPER_INLINE V product_rest(V a, V b, V product) { return fma(a, b, -product); }
#else
// SSE2 has no fused multiply-add, so that this one rounds twice.
TEMPER_INLINE V fma(V a, V b, V c) { return a * b + c; }
TEMPER_INLINE V product_rest(V a, V b, V product) {
  typedef double Doubles __attribute__((vector_size(32)));
  Doubles exact = __builtin_convertvector(a, Doubles) * __builtin_convertvector(b, Doubles);
  return __builtin_convertvector(exact - __builtin_convertvector(product, Doubles), V);
}
#endif
// Lanes in which either argument is NaN give the second argument.
TEMPER_INLINE V max(V a, V b) { return a > b ? a : b; }
TEMPER_INLINE V min(V a, V b) { return a < b ? a : b; }
TEMPER_INLINE V reciprocal(V a) { return 1.0f / a; }
// Clamps x to +-most. A NaN becomes one of the limits.
TEMPER_INLINE V clamped(V x, V most) { return max(min(x, most), -most); }
// Raises x to `lowest`, below which exp2_scaled gives 0. This keeps the exponent n of scale_by_power in range.
TEMPER_INLINE V clamp_exponent(V lowest, V x) { return max(lowest, x); }
// a 2^n for integer n in [-252, 0]. Two factors are needed because 2^n alone may be below the normal range.
TEMPER_INLINE V scale_by_power(V a, V n, V, V) {
  I integer = (I)(n + 12582912.0f) - 0x4b400000, half = integer >> 1;
  return a * (V)((half + 127) << 23) * (V)((integer - half + 127) << 23);
}

constexpr int kExp2TableSize = 1;  // 1: exp2_scaled uses no table
TEMPER_INLINE V exp2_table(V n) { return n; }
constexpr bool kHasLog2Table = false;
TEMPER_INLINE V split_by_table(V x, V&, V&) { return x; }

TEMPER_INLINE V decode_f16(const unsigned short* in) {
  unsigned short each[4];
  __builtin_memcpy(each, in, sizeof each);
  I bits = {each[0], each[1], each[2], each[3]};
  I magnitude = (bits & 0x7fff) << 13, sign = (bits & 0x8000) << 16;
  V value = (V)magnitude * 0x1p112f;  // corrects the exponent's bias, for subnormal numbers too
  I infinite_or_nan = (I)(magnitude >= (0x7c00 << 13));
  return (V)((infinite_or_nan & (magnitude | 0x7f800000)) | (~infinite_or_nan & (I)value) | sign);
}

// Rounds to nearest even. Values of 65520 and above become infinity.
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  I bits = (I)a, sign = bits & (int)0x80000000, magnitude = bits ^ sign;
  Bits unsigned_bits = (Bits)magnitude;  // the sum below exceeds 2^31 for some NaNs
  I normal = (I)((unsigned_bits - (112u << 23) + 0xfffu + ((unsigned_bits >> 13) & 1u)) >> 13);
  I subnormal = (I)((V)magnitude + 0.5f) - 0x3f000000;  // the last bit of 0.5f is 2^-24, like that of a subnormal f16
  I half = magnitude < (113 << 23) ? subnormal : normal;
  half = magnitude >= 0x477ff000 ? I{} + 0x7c00 : half;
  half = magnitude > 0x7f800000 ? I{} + 0x7e00 : half;
  half |= (sign >> 16) & 0x8000;
  unsigned short each[4] = {(unsigned short)half[0], (unsigned short)half[1], (unsigned short)half[2],
                            (unsigned short)half[3]};
  __builtin_memcpy(out, each, sizeof each);
}

// load_bytes reads the first `bytes` bytes of a vector and sets the others to 0. store_bytes writes the first `bytes`
// bytes. Neither accesses memory beyond them.
TEMPER_INLINE I load_bytes(const void* in, int bytes) {
  I a = {};
  if (bytes >= (int)sizeof a) __builtin_memcpy(&a, in, sizeof a);
  else copy_small(&a, in, bytes);
  return a;
}
TEMPER_INLINE void store_bytes(I a, void* out, int bytes) {
  if (bytes >= (int)sizeof a) __builtin_memcpy(out, &a, sizeof a);
  else copy_small(out, &a, bytes);
}

TEMPER_INLINE bool any(I mask) { return (mask[0] | mask[1] | mask[2] | mask[3]) != 0; }

// Exchanges neighbouring blocks of `half` lanes.
template <int half> TEMPER_INLINE V swapped(V a) {
  V b;
  for (int i = 0; i < kLanes; i++) b[i] = a[i ^ half];
  return b;
}

// One step of a transposition. Both vectors are cut into blocks of `half` lanes: a receives the even blocks of both, b
// the odd ones.
template <int half> TEMPER_INLINE void transpose_step(I& a, I& b) {
  I first = a, second = b;
  for (int i = 0; i < kLanes; i++) {
    bool odd = (i & half) != 0;
    a[i] = odd ? second[i - half] : first[i];
    b[i] = odd ? second[i] : first[i + half];
  }
}

constexpr bool kHasStreamingStores = false;
TEMPER_INLINE void stream_cache_line(const char* in, char* out) { __builtin_memcpy(out, in, 64); }
TEMPER_INLINE void stream_fence() {}

}  // namespace
}  // namespace temper
