// Deinterleaved bf16: kBf16Lanes adjacent elements become one float vector of the even elements and one of the odd
// elements. This takes one operation per vector, where vectors of adjacent elements take two, and about six fewer for
// the conversion back to bf16. The order of elements within a block matters only to code that accesses a single class.
#pragma once

#include "load_store.h"

namespace temper {
namespace {

constexpr int kBf16Lanes = 2 * kLanes;
typedef short Shorts __attribute__((vector_size(2 * kBf16Lanes)));

TEMPER_INLINE int padded_bf16(int n) { return (n + kBf16Lanes - 1) & -kBf16Lanes; }
TEMPER_INLINE int deinterleaved_index(int i) {
  return (i & -kBf16Lanes) + (i & 1) * kLanes + (i & (kBf16Lanes - 1)) / 2;
}

TEMPER_INLINE void deinterleave_bf16(Shorts halves, float* out) {
  store((V)((I)halves << 16), out);
  store((V)((I)halves & (int)0xffff0000), out + kLanes);
}

// The maximum of bf16 logits, found in integers where that is possible.
struct Bf16Max {
  Shorts largest = Shorts{} + (short)0xff80;

  TEMPER_INLINE void add(Shorts halves) { largest = halves > largest ? halves : largest; }

  // `logits` are the n floats that were added; NaN is skipped. Positive bf16 are in the order of their bits as
  // integers, and NaN is above 0x7f80. Only if no maximum is found this way are the floats compared.
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

// Encodes kBf16Lanes deinterleaved floats. Rounding would damage a NaN with bits in its lower half. None occurs here,
// because a NaN comes from a bf16 logit or from an operation that creates one.
TEMPER_INLINE Shorts interleave_bf16(const float* in) {
  typedef unsigned Bits __attribute__((vector_size(4 * kLanes)));
  I even = round_to_bf16((I)load(in)), odd = round_to_bf16((I)load(in + kLanes));
  return (Shorts)((I)((Bits)even >> 16) | (odd & (int)0xffff0000));
}
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
