// Column-major matrices in f32, f16 and bf16, and their product by plain loops with f32 accumulation.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <utility>

// Values of cudaDataType_t.
enum Type { kF32 = 0, kF16 = 2, kBf16 = 14 };

inline float widen_bf16(uint16_t bits) {
  uint32_t word = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &word, 4);
  return value;
}

inline uint16_t narrow_bf16(float value) {
  uint32_t word;
  memcpy(&word, &value, 4);
  return static_cast<uint16_t>(value != value ? 0x7fff : (word + 0x7fff + (word >> 16 & 1)) >> 16);
}

// A matrix as cuBLAS takes it: columns of contiguous elements, `leading` elements apart.
struct Matrix {
  uintptr_t address;
  int type;
  int rows, columns, leading;
  bool transposed;

  size_t width() const { return type == kF32 ? 4 : 2; }
  size_t bytes() const { return ((columns - 1) * size_t(leading) + rows) * width(); }

  float get(int row, int column) const {
    if (transposed) std::swap(row, column);
    uintptr_t at = address + (column * size_t(leading) + row) * width();
    switch (type) {
      case kF32: return *reinterpret_cast<const float*>(at);
      case kF16: return *reinterpret_cast<const _Float16*>(at);
      default: return widen_bf16(*reinterpret_cast<const uint16_t*>(at));
    }
  }

  void set(int row, int column, float value) const {
    uintptr_t at = address + (column * size_t(leading) + row) * width();
    switch (type) {
      case kF32: *reinterpret_cast<float*>(at) = value; break;
      case kF16: *reinterpret_cast<_Float16*>(at) = static_cast<_Float16>(value); break;
      default: *reinterpret_cast<uint16_t*>(at) = narrow_bf16(value);
    }
  }
};

// Rounds to the 10 fraction bits of TF32, ties to even.
inline float tf32(float value) {
  uint32_t word;
  memcpy(&word, &value, 4);
  word = (word + 0xfff + (word >> 13 & 1)) & ~0x1fffu;
  memcpy(&value, &word, 4);
  return value;
}

// Computes c = alpha * a * b + beta * c. The factors are rounded to TF32 first if `rounded` is true.
inline void multiply(float alpha, const Matrix& a, const Matrix& b, float beta, const Matrix& c, int inner,
                     bool rounded) {
  for (int column = 0; column < c.columns; column++)
    for (int row = 0; row < c.rows; row++) {
      float sum = 0;
      for (int i = 0; i < inner; i++)
        sum += rounded ? tf32(a.get(row, i)) * tf32(b.get(i, column)) : a.get(row, i) * b.get(i, column);
      sum *= alpha;
      if (beta != 0) sum += beta * c.get(row, column);
      c.set(row, column, sum);
    }
}
