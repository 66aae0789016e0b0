// Eight floats: AVX2, FMA, F16C.
#pragma once

#include <immintrin.h>

#include "small_copy.h"

namespace temper {
namespace {

constexpr int kLanes = 8;
typedef float V __attribute__((vector_size(32)));
typedef int I __attribute__((vector_size(32)));

TEMPER_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
TEMPER_INLINE V product_rest(V a, V b, V product) { return fma(a, b, -product); }
// Lanes in which either argument is NaN give the second argument.
TEMPER_INLINE V max(V a, V b) { return _mm256_max_ps(a, b); }
TEMPER_INLINE V min(V a, V b) { return _mm256_min_ps(a, b); }
TEMPER_INLINE V reciprocal(V a) { return 1.0f / a; }
// Clamps x to +-most. A NaN becomes one of the limits.
TEMPER_INLINE V clamped(V x, V most) { return max(min(x, most), -most); }
// Raises x to `lowest`, below which exp2_scaled gives 0. This keeps the exponent n of scale_by_power in range.
TEMPER_INLINE V clamp_exponent(V lowest, V x) { return max(lowest, x); }
// a 2^n for integer n in [-252, 0]. Two factors are needed because 2^n alone may be below the normal range.
TEMPER_INLINE V scale_by_power(V a, V n, V, V) {
  I integer = (I)_mm256_cvtps_epi32(n), half = integer >> 1;
  return a * (V)((half + 127) << 23) * (V)((integer - half + 127) << 23);
}

constexpr int kExp2TableSize = 1;  // 1: exp2_scaled uses no table
TEMPER_INLINE V exp2_table(V n) { return n; }
constexpr bool kHasLog2Table = false;
TEMPER_INLINE V split_by_table(V x, V&, V&) { return x; }

TEMPER_INLINE V decode_f16(const unsigned short* in) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)in)); }
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  _mm_storeu_si128((__m128i*)out, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
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

TEMPER_INLINE bool any(I mask) { return !_mm256_testz_si256((__m256i)mask, (__m256i)mask); }

// Exchanges neighbouring blocks of `half` lanes.
template <int half> TEMPER_INLINE V swapped(V a) {
  if constexpr (half == 4) return _mm256_permute2f128_ps(a, a, 1);
  return _mm256_permute_ps(a, half == 2 ? 0x4e : 0xb1);
}

// One step of a transposition. Both vectors are cut into blocks of `half` lanes: a receives the even blocks of both, b
// the odd ones.
template <int half> TEMPER_INLINE void transpose_step(I& a, I& b) {
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

// Copies 64 bytes with streaming stores, which bypass the caches; `out` is aligned to 64 bytes. Streaming stores may
// become visible after later stores, which stream_fence prevents.
TEMPER_INLINE void stream_cache_line(const char* in, char* out) {
  for (int i = 0; i < 64; i += 32)
    _mm256_stream_si256((__m256i*)(out + i), _mm256_loadu_si256((const __m256i*)(in + i)));
}
TEMPER_INLINE void stream_fence() { _mm_sfence(); }
constexpr bool kHasStreamingStores = true;

}  // namespace
}  // namespace temper
