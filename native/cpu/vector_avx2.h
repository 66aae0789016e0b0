// Eight floats: AVX2, FMA, F16C.
#pragma once

#include <immintrin.h>

#include "copy_few.h"

namespace temper {
namespace {

constexpr int kLanes = 8;
typedef float V __attribute__((vector_size(32)));
typedef int I __attribute__((vector_size(32)));

TEMPER_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
// The second argument where either is NaN.
TEMPER_INLINE V max(V a, V b) { return _mm256_max_ps(a, b); }
TEMPER_INLINE V min(V a, V b) { return _mm256_min_ps(a, b); }
// The exponent x of 2^x where that is not 0 anyway.
TEMPER_INLINE V not_below(V lowest, V x) { return max(lowest, x); }
// a 2^n for whole n in [-252, 0], in two steps so that subnormal results come out.
TEMPER_INLINE V scale(V a, V n, V, V) {
  I whole = (I)_mm256_cvtps_epi32(n), half = whole >> 1;
  return a * (V)((half + 127) << 23) * (V)((whole - half + 127) << 23);
}

constexpr int kExp2Steps = 1;  // no table
TEMPER_INLINE V exp2_step(V n) { return n; }

TEMPER_INLINE V decode_f16(const unsigned short* in) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)in)); }
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  _mm_storeu_si128((__m128i*)out, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
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
  __m256 first = (__m256)a, second = (__m256)b;
  if constexpr (half == 4) {
    a = (I)_mm256_permute2f128_ps(first, second, 0x20);
    b = (I)_mm256_permute2f128_ps(first, second, 0x31);
  } else if constexpr (half == 2) {
    a = (I)_mm256_shuffle_ps(first, second, 0x44);
    b = (I)_mm256_shuffle_ps(first, second, 0xee);
  } else {
    a = (I)_mm256_blend_ps(first, _mm256_moveldup_ps(second), 0xaa);
    b = (I)_mm256_blend_ps(_mm256_movehdup_ps(first), second, 0xaa);
  }
}

// 64 bytes past the caches; `out` is aligned to them. stream_fence orders these stores before whatever follows.
TEMPER_INLINE void stream_line(const char* in, char* out) {
  for (int i = 0; i < 64; i += 32) _mm256_stream_si256((__m256i*)(out + i), _mm256_loadu_si256((const __m256i*)(in + i)));
}
TEMPER_INLINE void stream_fence() { _mm_sfence(); }
constexpr bool kStreams = true;

}  // namespace
}  // namespace temper
