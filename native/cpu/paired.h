// bf16 in pairs: 2 kLanes elements in a row become a vector of the even and one of the odd ones, which takes one operation for each where
// vectors of neighbours take two, and half a dozen less on the way back. Whoever works on such a block in between need not know, but for
// one element's position.
#pragma once

#include "load_store.h"

namespace temper {
namespace {

constexpr int kPair = 2 * kLanes;
typedef short Shorts __attribute__((vector_size(2 * kPair)));

TEMPER_INLINE int whole_pairs(int n) { return (n + kPair - 1) & -kPair; }
TEMPER_INLINE int position_in_pairs(int i) { return (i & -kPair) + (i & 1) * kLanes + (i & (kPair - 1)) / 2; }

TEMPER_INLINE void decode_pair(Shorts halves, float* out) {
  store((V)((I)halves << 16), out);
  store((V)((I)halves & (int)0xffff0000), out + kLanes);
}

// n elements as floats in `buffer`, padded with -inf to whole pairs. Returns the largest; NaN does not count.
float decode_pairs(const void* in, int n, float* buffer) {
  const unsigned short* from = (const unsigned short*)in;
  constexpr short kAbsent = (short)0xff80;
  Shorts largest = Shorts{} + kAbsent, halves;
  int whole = n & -kPair;
  for (int i = 0; i < whole; i += kPair) {
    __builtin_memcpy(&halves, from + i, sizeof halves);
    decode_pair(halves, buffer + i);
    largest = halves > largest ? halves : largest;
  }
  if (whole < n) {
    Shorts rest = (Shorts)load_bytes(from + whole, 2 * (n - whole)), number = {};
    for (int i = 0; i < kPair; i++) number[i] = (short)i;
    halves = number < (short)(n - whole) ? rest : Shorts{} + kAbsent;
    decode_pair(halves, buffer + whole);
    largest = halves > largest ? halves : largest;
  }
  // As integers the positive ones are in order, and below NaN.
  short each[kPair], found = 0;
  __builtin_memcpy(each, &largest, sizeof largest);
  for (int i = 0; i < kPair; i++) found = each[i] > found ? each[i] : found;
  if (found > 0 && found <= 0x7f80) return widen_bf16(&found);
  return block_max(buffer, whole_pairs(n));
}

// The floats of whole pairs as bf16 again. All that came before was bf16, so that a NaN here has nothing in its lower half.
TEMPER_INLINE Shorts encode_pair(const float* in) {
  typedef unsigned Bits __attribute__((vector_size(4 * kLanes)));
  I even = nearest_bf16((I)load(in)), odd = nearest_bf16((I)load(in + kLanes));
  return (Shorts)((I)((Bits)even >> 16) | (odd & (int)0xffff0000));
}
void encode_pairs(const float* in, int n, void* out) {
  int whole = n & -kPair;
  for (int i = 0; i < whole; i += kPair) {
    Shorts halves = encode_pair(in + i);
    __builtin_memcpy((unsigned short*)out + i, &halves, sizeof halves);
  }
  if (whole == n) return;
  store_bytes((I)encode_pair(in + whole), (unsigned short*)out + whole, 2 * (n - whole));
}

// The gradient of a block, from floats that are whole vectors or, `paired`, whole pairs.
void store_block(int32_t dtype, bool paired, const float* in, int n, void* out, bool streaming) {
  alignas(64) float other[kBlock];
  if (paired && dtype != kBf16) {
    for (int i = 0; i < n; i++) other[i] = in[position_in_pairs(i)];
    return store_block(dtype, false, other, n, out, streaming);
  }
  bool through = streaming && dtype != kF32;
  void* to = through ? other : out;
  if (paired) encode_pairs(in, n, to);
  else if (dtype != kF32 || !streaming) encode_block(dtype, in, n, to);
  if (streaming) stream_bytes((const char*)(through ? other : in), n * element_bytes(dtype), (char*)out);
}

}  // namespace
}  // namespace temper
