// Blocks of up to kBlock logits in and gradients out, in the three dtypes, at any alignment. The arithmetic between sees floats only,
// padded to whole vectors, so that nothing else knows of dtypes or tails.
#pragma once

#include "job.h"
#include "math.h"

namespace temper {
namespace {

constexpr float kInfinity = __builtin_huge_valf();

TEMPER_INLINE int padded(int n) { return (n + kLanes - 1) & -kLanes; }
TEMPER_INLINE int element_bytes(int32_t dtype) { return dtype == kF32 ? 4 : 2; }
TEMPER_INLINE const char* at(const void* base, const Shape& shape, int64_t row, int64_t column) {
  return (const char*)base + (row * shape.stride + column) * element_bytes(shape.dtype);
}

typedef unsigned short Halves __attribute__((vector_size(2 * kLanes)));

TEMPER_INLINE V decode_bf16(const unsigned short* in) {
  Halves half;
  __builtin_memcpy(&half, in, sizeof half);
  return (V)(__builtin_convertvector(half, I) << 16);
}
TEMPER_INLINE float widen_bf16(const void* in) {
  uint16_t half;
  __builtin_memcpy(&half, in, sizeof half);
  uint32_t bits = (uint32_t)half << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
// To the nearest bf16, ties to even, in the upper halves; carries into the exponent as it should, and from a NaN with more than its
// upper half into the sign.
TEMPER_INLINE I nearest_bf16(I bits) { return (bits & 0x10000) != 0 ? bits + 0x8000 : bits + 0x7fff; }
TEMPER_INLINE void encode_bf16(V a, unsigned short* out) {
  I bits = (I)a;
  I rounded = a == a ? nearest_bf16(bits) >> 16 : (bits >> 16) | 0x40;
  Halves half = __builtin_convertvector(rounded, Halves);
  __builtin_memcpy(out, &half, sizeof half);
}

template <int32_t dtype> TEMPER_INLINE V decode(const void* in, int i) {
  if constexpr (dtype == kF32) return load((const float*)in + i);
  if constexpr (dtype == kF16) return decode_f16((const unsigned short*)in + i);
  return decode_bf16((const unsigned short*)in + i);
}
template <int32_t dtype> TEMPER_INLINE void encode(V a, void* out, int i) {
  if constexpr (dtype == kF32) store(a, (float*)out + i);
  if constexpr (dtype == kF16) encode_f16(a, (unsigned short*)out + i);
  if constexpr (dtype == kBf16) encode_bf16(a, (unsigned short*)out + i);
}

// Of whole vectors; NaN does not count.
float block_max(const float* in, int n) {
  V a = splat(-kInfinity), b = a, c = a, d = a;
  int i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    a = max(load(in + i), a);
    b = max(load(in + i + kLanes), b);
    c = max(load(in + i + 2 * kLanes), c);
    d = max(load(in + i + 3 * kLanes), d);
  }
  for (; i < n; i += kLanes) a = max(load(in + i), a);
  return max_lanes(max(max(a, b), max(c, d)));
}

// Elements from `whole` on, less than a vector of them, as one in `buffer`.
template <int32_t dtype> TEMPER_INLINE void decode_rest(const void* in, int whole, int n, float padding, float* buffer) {
  constexpr int size = dtype == kF32 ? 4 : 2;
  I rest = load_bytes((const char*)in + whole * size, (n - whole) * size);
  store(select(lane_numbers() < n - whole, decode<dtype>(&rest, 0), splat(padding)), buffer);
}

// n elements as floats in `buffer`, padded with `padding`.
template <int32_t dtype> void decode_all(const void* in, int n, float padding, float* buffer) {
  int whole = n & -kLanes;
  for (int i = 0; i < whole; i += kLanes) store(decode<dtype>(in, i), buffer + i);
  if (whole < n) decode_rest<dtype>(in, whole, n, padding, buffer + whole);
}

// Where the floats are: in place when they are floats and fill whole vectors, else in `buffer`.
TEMPER_INLINE const float* load_block(int32_t dtype, const void* in, int n, float padding, float* buffer) {
  if (dtype == kF32 && n % kLanes == 0) return (const float*)in;
  if (dtype == kF32) decode_all<kF32>(in, n, padding, buffer);
  if (dtype == kF16) decode_all<kF16>(in, n, padding, buffer);
  if (dtype == kBf16) decode_all<kBf16>(in, n, padding, buffer);
  return buffer;
}

float load_one(int32_t dtype, const void* base, int64_t index) {
  float buffer[kLanes];
  load_block(dtype, (const char*)base + index * element_bytes(dtype), 1, 0.0f, buffer);
  return buffer[0];
}

template <int32_t dtype> void encode_all(const float* in, int n, void* out) {
  constexpr int size = dtype == kF32 ? 4 : 2;
  int whole = n & -kLanes;
  for (int i = 0; i < whole; i += kLanes) encode<dtype>(load(in + i), out, i);
  if (whole == n) return;
  I rest = {};
  encode<dtype>(load(in + whole), &rest, 0);
  store_bytes(rest, (char*)out + whole * size, (n - whole) * size);
}

TEMPER_INLINE void encode_block(int32_t dtype, const float* in, int n, void* out) {
  if (dtype == kF32) encode_all<kF32>(in, n, out);
  if (dtype == kF16) encode_all<kF16>(in, n, out);
  if (dtype == kBf16) encode_all<kBf16>(in, n, out);
}

// Whole cache lines past the caches: 21 to 32 % of the time of large gradients, which nobody reads before they left the cache anyway.
void stream_bytes(const char* in, int bytes, char* out) {
  int head = (int)(-(uintptr_t)out & 63);
  if (bytes < head + 64) head = bytes;
  __builtin_memcpy(out, in, (unsigned)head);
  int i = head;
  for (; i + 64 <= bytes; i += 64) stream_line(in + i, out + i);
  __builtin_memcpy(out + i, in + i, (unsigned)(bytes - i));
}

// Columns from `first` on become 0: the whole row of an ignored token, or the padding.
void store_zeros(const Shape& shape, void* base, int64_t row, int64_t first) {
  if (first < shape.width)
    __builtin_memset((void*)at(base, shape, row, first), 0, (uint64_t)(shape.width - first) * element_bytes(shape.dtype));
}

}  // namespace
}  // namespace temper
