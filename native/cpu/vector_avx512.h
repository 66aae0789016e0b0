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
TEMPER_INLINE V min(V a, V b) { return _mm512_min_ps(a, b); }
// a 2^floor(n); 0 where x is below `lowest`, by a mask: to compute a 0 or a subnormal by scaling takes the processor 60 ns, which the
// padding of each row would pay.
TEMPER_INLINE V not_below(V, V x) { return x; }
TEMPER_INLINE V scale(V a, V n, V x, V lowest) {
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, lowest, _CMP_NLT_UQ), a, n);
}

// 2^(k/16), k the last bits of n's: one instruction for a table of 16.
constexpr int kExp2Steps = 16;
TEMPER_INLINE V exp2_step(V n) {
  const V powers = {1.0f,        1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f, 1.29683959f, 1.35425556f,
                    1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f, 1.68179286f, 1.75625217f, 1.8340081f,  1.91520655f};
  return _mm512_permutexvar_ps((__m512i)n, powers);
}

TEMPER_INLINE V decode_f16(const unsigned short* in) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)in)); }
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  _mm256_storeu_si256((__m256i*)out, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// `bytes` of a vector, zeros beyond: neither touches more of the memory.
TEMPER_INLINE __mmask64 first_bytes(int bytes) { return bytes >= 64 ? ~0ull : (1ull << bytes) - 1; }
TEMPER_INLINE I load_bytes(const void* in, int bytes) { return (I)_mm512_maskz_loadu_epi8(first_bytes(bytes), in); }
TEMPER_INLINE void store_bytes(I a, void* out, int bytes) { _mm512_mask_storeu_epi8(out, first_bytes(bytes), (__m512i)a); }

// Of two vectors, taken as blocks of `half`: the even blocks of both, and the odd ones.
template <int half> TEMPER_INLINE void exchange_blocks(I& a, I& b) {
  const I lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const I low = (lane & half) != 0 ? lane + kLanes - half : lane;
  __m512i first = (__m512i)a, second = (__m512i)b;
  a = (I)_mm512_permutex2var_epi32(first, (__m512i)low, second);
  b = (I)_mm512_permutex2var_epi32(first, (__m512i)(low + half), second);
}

// 64 bytes past the caches; `out` is aligned to them. stream_fence orders these stores before whatever follows.
TEMPER_INLINE void stream_line(const char* in, char* out) { _mm512_stream_si512((__m512i*)out, _mm512_loadu_si512(in)); }
TEMPER_INLINE void stream_fence() { _mm_sfence(); }
constexpr bool kStreams = true;

}  // namespace
}  // namespace temper
