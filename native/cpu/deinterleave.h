// Deinterleaved bf16: kBf16Lanes adjacent elements become one float vector of the even elements and one of the odd
// elements. Decoding a vector takes one operation instead of two, and encoding takes about six operations less than for
// vectors of adjacent elements. The order of elements within a block matters only to code that accesses a single class.
#pragma once

#include "load_store.h"

namespace temper {
namespace {

constexpr int kBf16Lanes = 2 * kLanes;
typedef short Shorts __attribute__((vector_size(2 * kBf16Lanes)));

TEMPER_INLINE int padded_bf16(int n) { return (n + kBf16Lanes - 1) & -kBf16Lanes; }
template <class T> TEMPER_INLINE T deinterleaved_index(T i) {
  return (i & -kBf16Lanes) + (i & 1) * kLanes + ((i & (kBf16Lanes - 1)) >> 1);
}

TEMPER_INLINE void deinterleave_bf16(Shorts halves, float* out) {
  store((V)((I)halves << 16), out);
  store((V)((I)halves & (int)0xffff0000), out + kLanes);
}

// The maximum of bf16 logits, found in integers where that is possible.
struct Bf16Max {
  Shorts largest = Shorts{} + (short)0xff80;

  TEMPER_INLINE void add(Shorts halves) { largest = halves > largest ? halves : largest; }

  // Returns the maximum of the n floats in `logits`, which are those that were added; NaN is skipped. The bits of
  // positive bf16 have the order of the numbers, and a positive NaN lies above 0x7f80. The floats are compared only if
  // the integers give no positive number.
  float value(const float* logits, int n) const {
    short each[kBf16Lanes], found = 0;
    __builtin_memcpy(each, &largest, sizeof largest);
    for (int i = 0; i < kBf16Lanes; i++) found = each[i] > found ? each[i] : found;
    if (found > 0 && found <= 0x7f80) return bf16_to_float(&found);
    return block_max(logits, n);
  }
};

// Decodes n elements into `buffer`, pads them with -inf to a multiple of kBf16Lanes, and passes them to visit(halves).
template <class F> TEMPER_INLINE void deinterleave_elements(const void* in, int n, float* buffer, F visit) {
  const unsigned short* from = (const unsigned short*)in;
  Shorts halves;
  int body = n & -kBf16Lanes;
  for (int i = 0; i < body; i += kBf16Lanes) {
    __builtin_memcpy(&halves, from + i, sizeof halves);
    deinterleave_bf16(halves, buffer + i);
    visit(halves);
  }
  if (body == n) return;
  Shorts tail = (Shorts)load_bytes(from + body, 2 * (n - body)), number = {};
  for (int i = 0; i < kBf16Lanes; i++) number[i] = (short)i;
  halves = number < (short)(n - body) ? tail : Shorts{} + (short)0xff80;
  deinterleave_bf16(halves, buffer + body);
  visit(halves);
}

// Decodes a block and returns its maximum.
float deinterleave_block(const void* in, int n, float* buffer) {
  Bf16Max max;
  deinterleave_elements(in, n, buffer, [&](Shorts halves) { max.add(halves); });
  return max.value(buffer, padded_bf16(n));
}

// Decodes a block whose maximum is known.
void deinterleave_known_block(const void* in, int n, float* buffer) {
  deinterleave_elements(in, n, buffer, [](Shorts) {});
}

// Encodes kBf16Lanes deinterleaved floats. Rounding would damage a NaN with bits in its lower half. No such NaN occurs
// here, because every NaN comes from a bf16 logit or is one that an operation has created.
TEMPER_INLINE Shorts interleave_bf16(V even, V odd) {
  typedef unsigned Bits __attribute__((vector_size(4 * kLanes)));
  return (Shorts)((I)((Bits)round_to_bf16((I)even) >> 16) | (round_to_bf16((I)odd) & (int)0xffff0000));
}
TEMPER_INLINE Shorts interleave_bf16(const float* in) { return interleave_bf16(load(in), load(in + kLanes)); }
void interleave_block(const float* in, int n, void* out) {
  int body = n & -kBf16Lanes;
  for (int i = 0; i < body; i += kBf16Lanes) {
    Shorts halves = interleave_bf16(in + i);
    __builtin_memcpy((unsigned short*)out + i, &halves, sizeof halves);
  }
  if (body == n) return;
  store_bytes((I)interleave_bf16(in + body), (unsigned short*)out + body, 2 * (n - body));
}

// Stores the gradient of a block. The floats of `in` are padded to full vectors, and deinterleaved if that flag is set.
void store_block(int32_t dtype, bool deinterleaved, const float* in, int n, void* out, bool streaming) {
  alignas(64) float staging[kBlock];
  if (deinterleaved && dtype != kBf16) {
    for (int i = 0; i < n; i++) staging[i] = in[deinterleaved_index(i)];
    return store_block(dtype, false, staging, n, out, streaming);
  }
  bool staged = streaming && dtype != kF32;
  void* to = staged ? staging : out;
  if (deinterleaved) interleave_block(in, n, to);
  else if (dtype != kF32 || !streaming) encode_block(dtype, in, n, to);
  if (streaming) stream_copy((const char*)(staged ? staging : in), n * element_bytes(dtype), (char*)out);
}

// Adds the gradient of a block to the one in memory.
void accumulate_block(int32_t dtype, bool deinterleaved, const float* in, int n, void* out) {
  alignas(64) float sum[kBlock], before[kBlock];
  for (int i = 0; i < n; i++) sum[i] = in[deinterleaved ? deinterleaved_index(i) : i];
  const float* old = load_block(dtype, out, n, 0.0f, before);
  for (int i = 0; i < n; i++) sum[i] += old[i];
  encode_block(dtype, sum, n, out);
}

}  // namespace
}  // namespace temper
