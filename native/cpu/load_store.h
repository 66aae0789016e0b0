// Loads blocks of at most kBlock logits and stores gradients, in three dtypes and at any alignment. Loaded blocks are
// floats padded to full vectors, so that the arithmetic needs no code for dtypes or tails. The body of a block is its
// full vectors, the tail the elements after them.
#pragma once

#include "job.h"
#include "math.h"

namespace temper {
namespace {

TEMPER_INLINE int padded(int n) { return (n + kLanes - 1) & -kLanes; }
TEMPER_INLINE int element_bytes(int32_t dtype) { return dtype == kF32 ? 4 : 2; }
TEMPER_INLINE char* address(const Matrix& matrix, int64_t row, int64_t column) {
  return (char*)matrix.base + (row * matrix.stride + column) * element_bytes(matrix.dtype);
}

typedef unsigned short Halves __attribute__((vector_size(2 * kLanes)));

TEMPER_INLINE V decode_bf16(const unsigned short* in) {
  Halves half;
  __builtin_memcpy(&half, in, sizeof half);
  return (V)(__builtin_convertvector(half, I) << 16);
}
TEMPER_INLINE float bf16_to_float(const void* in) {
  uint16_t half;
  __builtin_memcpy(&half, in, sizeof half);
  uint32_t bits = (uint32_t)half << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
// Rounds to the nearest bf16, ties to even; the result is the upper half of each lane. A carry into the exponent gives
// the right number. A NaN with bits in its lower half can carry into the sign, so that its result must not be used.
TEMPER_INLINE I round_to_bf16(I bits) { return (bits & 0x10000) != 0 ? bits + 0x8000 : bits + 0x7fff; }
// A NaN is truncated instead of rounded, and the quiet bit keeps it a NaN.
TEMPER_INLINE void encode_bf16(V a, unsigned short* out) {
  I bits = (I)a;
  I rounded = a == a ? round_to_bf16(bits) >> 16 : (bits >> 16) | 0x40;
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

// Returns the maximum of the vectors vector_at(0), vector_at(kLanes), ... of n floats. NaN is skipped.
template <class F> TEMPER_INLINE float max_of_vectors(int n, F vector_at) {
  V a = splat(-kInfinity), b = a, c = a, d = a;
  int i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    a = max(vector_at(i), a);
    b = max(vector_at(i + kLanes), b);
    c = max(vector_at(i + 2 * kLanes), c);
    d = max(vector_at(i + 3 * kLanes), d);
  }
  for (; i < n; i += kLanes) a = max(vector_at(i), a);
  return max_lanes(max(max(a, b), max(c, d)));
}

// Returns the maximum of n floats, a multiple of kLanes. NaN is skipped.
float block_max(const float* in, int n) {
  return max_of_vectors(n, [&](int i) { return load(in + i); });
}

// Decodes the tail, elements [body, n), into one vector in `buffer`.
template <int32_t dtype> TEMPER_INLINE void decode_tail(const void* in, int body, int n, float padding, float* buffer) {
  constexpr int size = dtype == kF32 ? 4 : 2;
  I tail = load_bytes((const char*)in + body * size, (n - body) * size);
  store(select(lane_numbers() < n - body, decode<dtype>(&tail, 0), splat(padding)), buffer);
}

// Decodes n elements into `buffer` and fills its last vector with `padding`.
template <int32_t dtype> void decode_elements(const void* in, int n, float padding, float* buffer) {
  int body = n & -kLanes;
  for (int i = 0; i < body; i += kLanes) store(decode<dtype>(in, i), buffer + i);
  if (body < n) decode_tail<dtype>(in, body, n, padding, buffer + body);
}

// Returns n elements as floats padded to full vectors. The result is `in` itself for f32 without a tail, else `buffer`.
TEMPER_INLINE const float* load_block(int32_t dtype, const void* in, int n, float padding, float* buffer) {
  if (dtype == kF32 && n % kLanes == 0) return (const float*)in;
  if (dtype == kF32) decode_elements<kF32>(in, n, padding, buffer);
  if (dtype == kF16) decode_elements<kF16>(in, n, padding, buffer);
  if (dtype == kBf16) decode_elements<kBf16>(in, n, padding, buffer);
  return buffer;
}

TEMPER_INLINE float load_element(int32_t dtype, const void* base, int64_t index) {
  float value[kLanes];
  const char* in = (const char*)base + index * element_bytes(dtype);
  if (dtype == kF32) __builtin_memcpy(value, in, sizeof(float));
  if (dtype == kF16) decode_elements<kF16>(in, 1, 0.0f, value);
  return dtype == kBf16 ? bf16_to_float(in) : value[0];
}

template <int32_t dtype> void encode_elements(const float* in, int n, void* out) {
  constexpr int size = dtype == kF32 ? 4 : 2;
  int body = n & -kLanes;
  for (int i = 0; i < body; i += kLanes) encode<dtype>(load(in + i), out, i);
  if (body == n) return;
  I tail = {};
  encode<dtype>(load(in + body), &tail, 0);
  store_bytes(tail, (char*)out + body * size, (n - body) * size);
}

TEMPER_INLINE void encode_block(int32_t dtype, const float* in, int n, void* out) {
  if (dtype == kF32) encode_elements<kF32>(in, n, out);
  if (dtype == kF16) encode_elements<kF16>(in, n, out);
  if (dtype == kBf16) encode_elements<kBf16>(in, n, out);
}

// Copies with streaming stores, except for partial cache lines at both ends. Streaming stores save 21 to 32 % of the
// time of gradients that exceed the caches.
void stream_copy(const char* in, int bytes, char* out) {
  int head = (int)(-(uintptr_t)out & 63);
  if (bytes < head + 64) head = bytes;
  __builtin_memcpy(out, in, (unsigned)head);
  int i = head;
  for (; i + 64 <= bytes; i += 64) stream_cache_line(in + i, out + i);
  __builtin_memcpy(out + i, in + i, (unsigned)(bytes - i));
}

// Sets the columns [0, classes) of a row to NaN.
void store_nan(const Matrix& matrix, int64_t row, int64_t classes) {
  alignas(64) float nan[kBlock];
  for (int i = 0; i < kBlock; i += kLanes) store(splat(__builtin_nanf("")), nan + i);
  for (int64_t from = 0; from < classes; from += kBlock) {
    int n = classes - from < kBlock ? (int)(classes - from) : kBlock;
    encode_block(matrix.dtype, nan, n, address(matrix, row, from));
  }
}

// Sets the columns of a row from `first` on to 0.
void store_zeros(const Matrix& matrix, int64_t row, int64_t first) {
  if (first < matrix.width)
    __builtin_memset(address(matrix, row, first), 0,
                     (uint64_t)(matrix.width - first) * element_bytes(matrix.dtype));
}

}  // namespace
}  // namespace temper
