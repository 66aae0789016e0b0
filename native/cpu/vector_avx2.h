// Eight floats: AVX2, FMA, F16C.
#pragma once

#include <immintrin.h>

namespace temper {
namespace {

constexpr int kLanes = 8;
typedef float V __attribute__((vector_size(32)));
typedef int I __attribute__((vector_size(32)));

TEMPER_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
// The second argument where either is NaN.
TEMPER_INLINE V max(V a, V b) { return _mm256_max_ps(a, b); }
TEMPER_INLINE V round(V a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
// a 2^n for whole n in [-252, 0], in two steps so that subnormal results come out.
TEMPER_INLINE V scale(V a, V n) {
  I whole = (I)_mm256_cvtps_epi32(n), half = whole >> 1;
  return a * (V)((half + 127) << 23) * (V)((whole - half + 127) << 23);
}

TEMPER_INLINE V decode_f16(const unsigned short* in) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)in)); }
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  _mm_storeu_si128((__m128i*)out, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// Past the caches; `out` is 64-byte aligned. stream_fence orders these stores before whatever follows.
TEMPER_INLINE void stream(V a, float* out) { _mm256_stream_ps(out, a); }
TEMPER_INLINE void stream(const unsigned short* in, unsigned short* out) {
  for (int i = 0; i < 32; i += 16) _mm256_stream_si256((__m256i*)(out + i), _mm256_loadu_si256((const __m256i*)(in + i)));
}
TEMPER_INLINE void stream_fence() { _mm_sfence(); }
constexpr bool kStreams = true;

}  // namespace
}  // namespace temper
