// Sixteen floats: AVX-512 F, BW, DQ, VL.
#pragma once

#include <immintrin.h>

namespace temper {
namespace {

constexpr int kLanes = 16;
typedef float V __attribute__((vector_size(64)));
typedef int I __attribute__((vector_size(64)));

TEMPER_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
// The second argument where either is NaN.
TEMPER_INLINE V max(V a, V b) { return _mm512_max_ps(a, b); }
TEMPER_INLINE V round(V a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
// a 2^n for whole n in [-252, 0].
TEMPER_INLINE V scale(V a, V n) { return _mm512_scalef_ps(a, n); }

TEMPER_INLINE V decode_f16(const unsigned short* in) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)in)); }
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  _mm256_storeu_si256((__m256i*)out, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// Past the caches; `out` is 64-byte aligned. stream_fence orders these stores before whatever follows.
TEMPER_INLINE void stream(V a, float* out) { _mm512_stream_ps(out, a); }
TEMPER_INLINE void stream(const unsigned short* in, unsigned short* out) {
  _mm512_stream_si512((__m512i*)out, _mm512_loadu_si512(in));
}
TEMPER_INLINE void stream_fence() { _mm_sfence(); }
constexpr bool kStreams = true;

}  // namespace
}  // namespace temper
