// Four floats in GCC's vector extension: any 64-bit target of gcc or clang (SSE2 on x86-64, NEON on aarch64).
#pragma once

#include "copy_few.h"

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
#else
// Two roundings: no fused product on the baseline of x86-64.
TEMPER_INLINE V fma(V a, V b, V c) { return a * b + c; }
#endif
// The second argument where either is NaN.
TEMPER_INLINE V max(V a, V b) { return a > b ? a : b; }
TEMPER_INLINE V min(V a, V b) { return a < b ? a : b; }
// The exponent x of 2^x where that is not 0 anyway.
TEMPER_INLINE V not_below(V lowest, V x) { return max(lowest, x); }
// a 2^n for whole n in [-252, 0], in two steps so that subnormal results come out.
TEMPER_INLINE V scale(V a, V n, V, V) {
  I whole = (I)(n + 12582912.0f) - 0x4b400000, half = whole >> 1;
  return a * (V)((half + 127) << 23) * (V)((whole - half + 127) << 23);
}

constexpr int kExp2Steps = 1;  // no table
TEMPER_INLINE V exp2_step(V n) { return n; }

TEMPER_INLINE V decode_f16(const unsigned short* in) {
  unsigned short each[4];
  __builtin_memcpy(each, in, sizeof each);  // at any address
  I bits = {each[0], each[1], each[2], each[3]};
  I magnitude = (bits & 0x7fff) << 13, sign = (bits & 0x8000) << 16;
  V value = (V)magnitude * 0x1p112f;  // moves the exponent's bias, subnormals included
  I special = (I)(magnitude >= (0x7c00 << 13));
  return (V)((special & (magnitude | 0x7f800000)) | (~special & (I)value) | sign);
}

// Round to nearest even; beyond 65519 infinity.
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  I bits = (I)a, sign = bits & (int)0x80000000, magnitude = bits ^ sign;
  Bits wide = (Bits)magnitude;  // unsigned, since the sum of a NaN may pass 2^31
  I normal = (I)((wide - (112u << 23) + 0xfffu + ((wide >> 13) & 1u)) >> 13);
  I subnormal = (I)((V)magnitude + 0.5f) - 0x3f000000;  // 0.5 has its last bit at 2^-24, that of a subnormal half
  I half = magnitude < (113 << 23) ? subnormal : normal;
  half = magnitude >= 0x477ff000 ? I{} + 0x7c00 : half;
  half = magnitude > 0x7f800000 ? I{} + 0x7e00 : half;
  half |= (sign >> 16) & 0x8000;
  unsigned short each[4] = {(unsigned short)half[0], (unsigned short)half[1], (unsigned short)half[2], (unsigned short)half[3]};
  __builtin_memcpy(out, each, sizeof each);
}

// `bytes` of a vector, zeros beyond: neither touches more of the memory.
TEMPER_INLINE I load_bytes(const void* in, int bytes) {
  I a = {};
  if (bytes >= (int)sizeof a) __builtin_memcpy(&a, in, sizeof a);
  else copy_few(&a, in, bytes);
  return a;
}
TEMPER_INLINE void store_bytes(I a, void* out, int bytes) {
  if (bytes >= (int)sizeof a) __builtin_memcpy(out, &a, sizeof a);
  else copy_few(out, &a, bytes);
}

// Of two vectors, taken as blocks of `half`: the even blocks of both, and the odd ones.
template <int half> TEMPER_INLINE void exchange_blocks(I& a, I& b) {
  I first = a, second = b;
  for (int i = 0; i < kLanes; i++) {
    bool odd = (i & half) != 0;
    a[i] = odd ? second[i - half] : first[i];
    b[i] = odd ? second[i] : first[i + half];
  }
}

constexpr bool kStreams = false;
TEMPER_INLINE void stream_line(const char* in, char* out) { __builtin_memcpy(out, in, 64); }
TEMPER_INLINE void stream_fence() {}

}  // namespace
}  // namespace temper
