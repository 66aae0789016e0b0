// Sixteen floats: AVX-512 F, BW, DQ, VL.
#pragma once

#include <immintrin.h>

namespace temper {
namespace {

constexpr int kLanes = 16;
typedef float V __attribute__((vector_size(64)));
typedef int I __attribute__((vector_size(64)));

TEMPER_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
TEMPER_INLINE V product_rest(V a, V b, V product) { return fma(a, b, -product); }
// Lanes in which either argument is NaN give the second argument.
TEMPER_INLINE V max(V a, V b) { return _mm512_max_ps(a, b); }
TEMPER_INLINE V min(V a, V b) { return _mm512_min_ps(a, b); }
// 1/a for normal a, with an error of about one ulp: an estimate of 14 bits, and one step of Newton's method.
TEMPER_INLINE V reciprocal(V a) {
  V x = _mm512_rcp14_ps(a);
  return fma(x, fma(-a, x, 1.0f - V{}), x);
}
// Clamps x to +-most. A NaN becomes one of the limits.
TEMPER_INLINE V clamped(V x, V most) { return _mm512_range_ps(x, most, 2); }  // the smaller size, the sign of x
// x needs no lower bound here, because scale_by_power masks the lanes below `lowest`.
TEMPER_INLINE V clamp_exponent(V, V x) { return x; }
// a 2^floor(n), and 0 in lanes where x is below `lowest`. The instruction takes 60 ns if a result is 0 or subnormal.
// The mask excludes the lanes below `lowest`, which every padded row has.
TEMPER_INLINE V scale_by_power(V a, V n, V x, V lowest) {
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, lowest, _CMP_NLT_UQ), a, n);
}

// exp2_table gives 2^(k/16), where k is the last four bits of n's representation. One permutation reads the table.
constexpr int kExp2TableSize = 16;
TEMPER_INLINE V exp2_table(V n) {
  const V powers = {1.0f,        1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f,
                    1.29683959f, 1.35425556f, 1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f,
                    1.68179286f, 1.75625217f, 1.8340081f,  1.91520655f};
  return _mm512_permutexvar_ps((__m512i)n, powers);
}

constexpr bool kHasLog2Table = true;
// Splits a normal positive x = 2^n c (1 + r), where c is the middle of the sixteenth of [1, 2) that x / 2^n is in.
// Returns r, which is between -1/32 and 1/32.
TEMPER_INLINE V split_by_table(V x, V& n, V& log2_c) {
  const V inverse_c = {0.969696999f,  0.914285719f, 0.864864886f, 0.820512831f, 0.780487776f, 0.744186044f,
                       0.711111128f, 0.680851042f, 0.653061211f, 0.627451003f, 0.603773594f, 0.581818163f,
                       0.561403513f, 0.542372882f, 0.524590135f, 0.507936537f};
  const V minus_log2_inverse = {0.0443940759f, 0.129283011f, 0.209453329f, 0.285402209f, 0.357552052f, 0.426264763f,
                                0.491853058f,  0.554588914f, 0.614709854f, 0.672425270f, 0.727920413f, 0.781359732f,
                                0.832889974f,  0.882643044f, 0.930737436f, 0.977279842f};
  __m512i sixteenth = _mm512_srli_epi32((__m512i)x, 19);
  n = _mm512_getexp_ps(x);
  log2_c = _mm512_permutexvar_ps(sixteenth, minus_log2_inverse);
  V mantissa = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
  return fma(mantissa, _mm512_permutexvar_ps(sixteenth, inverse_c), -1.0f - V{});
}

TEMPER_INLINE V decode_f16(const unsigned short* in) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)in)); }
TEMPER_INLINE void encode_f16(V a, unsigned short* out) {
  _mm256_storeu_si256((__m256i*)out, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

TEMPER_INLINE __mmask64 first_bytes(int bytes) { return bytes >= 64 ? ~0ull : (1ull << bytes) - 1; }

// load_bytes reads the first `bytes` bytes of a vector and sets the others to 0. store_bytes writes the first `bytes`
// bytes. Neither accesses memory beyond them.
TEMPER_INLINE I load_bytes(const void* in, int bytes) { return (I)_mm512_maskz_loadu_epi8(first_bytes(bytes), in); }
TEMPER_INLINE void store_bytes(I a, void* out, int bytes) {
  _mm512_mask_storeu_epi8(out, first_bytes(bytes), (__m512i)a);
}

TEMPER_INLINE bool any(I mask) { return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0; }

// Exchanges neighbouring blocks of `half` lanes.
template <int half> TEMPER_INLINE V swapped(V a) {
  if constexpr (half == 8) return _mm512_shuffle_f32x4(a, a, 0x4e);
  if constexpr (half == 4) return _mm512_shuffle_f32x4(a, a, 0xb1);
  return _mm512_permute_ps(a, half == 2 ? 0x4e : 0xb1);
}

// One step of a transposition. Both vectors are cut into blocks of `half` lanes: a receives the even blocks of both, b
// the odd ones.
template <int half> TEMPER_INLINE void transpose_step(I& a, I& b) {
  const I lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const I low = (lane & half) != 0 ? lane + kLanes - half : lane;
  __m512i first = (__m512i)a, second = (__m512i)b;
  a = (I)_mm512_permutex2var_epi32(first, (__m512i)low, second);
  b = (I)_mm512_permutex2var_epi32(first, (__m512i)(low + half), second);
}

// Copies 64 bytes with streaming stores, which bypass the caches; `out` is aligned to 64 bytes. Streaming stores may
// become visible after later stores, which stream_fence prevents.
TEMPER_INLINE void stream_cache_line(const char* in, char* out) {
  _mm512_stream_si512((__m512i*)out, _mm512_loadu_si512(in));
}
TEMPER_INLINE void stream_fence() { _mm_sfence(); }
constexpr bool kHasStreamingStores = true;

}  // namespace
}  // namespace temper
