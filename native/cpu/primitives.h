// Softmax, log-softmax, the backward pass of log-softmax, and argmax.
#pragma once

#include "row_blocks.h"

namespace temper {
namespace {

struct PrimitiveRow {
  const PrimitiveJob& job;
  const PrimitiveParameters& parameters;
  int64_t row;
  Exponential tempered{parameters.temperature};
  float max = -kInfinity, sum = 0;

  TEMPER_INLINE int block_length(int from) const {
    return parameters.classes - from < kBlock ? parameters.classes - from : kBlock;
  }
  TEMPER_INLINE const float* block(const Matrix& matrix, int from, int n, float padding, float* buffer) const {
    return load_block(matrix.dtype, address(matrix, row, from), n, padding, buffer);
  }

  // Sums the vectors vector_at(0), vector_at(kLanes), ... of a block of n elements.
  template <class F> static TEMPER_INLINE V sum_in_sub_blocks(int n, F vector_at) {
    V total = {};
    for (int from = 0; from < padded(n); from += kSubBlock) {
      V part = {};
      for (int i = from; i < padded(n) && i < from + kSubBlock; i += kLanes) part += vector_at(i);
      total += part;
    }
    return total;
  }

  // Computes the row's maximum and sum of exponentials. The logits are read twice: a primitive has no scratch memory
  // for the exponentials of an online softmax.
  void reduce() {
    alignas(64) float buffer[kBlock];
    for (int from = 0; from < parameters.classes; from += kBlock) {
      int n = block_length(from);
      float block_maximum = block_max(block(job.input, from, n, -kInfinity, buffer), padded(n));
      max = block_maximum > max ? block_maximum : max;
    }
    V total = {};
    for (int from = 0; from < parameters.classes; from += kBlock) {
      int n = block_length(from);
      const float* x = block(job.input, from, n, -kInfinity, buffer);
      total += sum_in_sub_blocks(n, [&](int i) { return tempered(load(x + i) - max); });
    }
    sum = sum_lanes(total);
    if (!(sum > 0 && sum < kInfinity)) sum = __builtin_nanf("");
  }

  void write(bool logarithm) const {
    alignas(64) float buffer[kBlock], out[kBlock + kLanes];
    V inverse = splat(1.0f / sum), log_sum = log(splat(sum));
    V inverse_temperature = splat((float)(1 / parameters.temperature));
    for (int from = 0; from < parameters.classes; from += kBlock) {
      int n = block_length(from);
      const float* x = block(job.input, from, n, -kInfinity, buffer);
      for (int i = 0; i < padded(n); i += kLanes) {
        V shifted = load(x + i) - max;
        store(logarithm ? shifted * inverse_temperature - log_sum : tempered(shifted) * inverse, out + i);
      }
      encode_block(job.output.dtype, out, n, address(job.output, row, from));
    }
    store_zeros(job.output, row, parameters.classes);
  }

  // (g - softmax(x/T) sum g) / T
  void write_backward() const {
    alignas(64) float buffer[kBlock], upstream[kBlock], out[kBlock + kLanes];
    V total = {};
    for (int from = 0; from < parameters.classes; from += kBlock) {
      int n = block_length(from);
      const float* g = block(job.upstream, from, n, 0.0f, upstream);
      total += sum_in_sub_blocks(n, [&](int i) { return load(g + i); });
    }
    V share = splat(sum_lanes(total) / sum), inverse_temperature = splat((float)(1 / parameters.temperature));
    for (int from = 0; from < parameters.classes; from += kBlock) {
      int n = block_length(from);
      const float* x = block(job.input, from, n, -kInfinity, buffer);
      const float* g = block(job.upstream, from, n, 0.0f, upstream);
      for (int i = 0; i < padded(n); i += kLanes)
        store((load(g + i) - tempered(load(x + i) - max) * share) * inverse_temperature, out + i);
      encode_block(job.output.dtype, out, n, address(job.output, row, from));
    }
    store_zeros(job.output, row, parameters.classes);
  }

  // Returns the index of the first NaN, or else of the first maximum.
  int64_t argmax() const {
    alignas(64) float buffer[kBlock];
    int best = 0;
    float largest = -kInfinity;
    for (int from = 0; from < parameters.classes; from += kBlock) {
      int n = block_length(from);
      const float* x = block(job.input, from, n, -kInfinity, buffer);
      I unordered = {};
      for (int i = 0; i < padded(n); i += kLanes) {
        V a = load(x + i);
        unordered |= a != a;
      }
      bool has_nan = any(unordered);
      float block_maximum = block_max(x, padded(n));
      if (!has_nan && block_maximum <= largest) continue;
      for (int i = 0; i < n; i++)
        if (has_nan ? x[i] != x[i] : x[i] == block_maximum) {
          best = from + i;
          break;
        }
      if (has_nan) return best;
      largest = block_maximum;
    }
    return best;
  }
};

void primitive_rows(const PrimitiveJob& job, int64_t first, int64_t last) {
  const PrimitiveParameters& p = job.parameters;
  for (int64_t row = first; row < last; row++) {
    PrimitiveRow r{job, p, row};
    if (p.primitive == kArgmax) {
      int64_t index = r.argmax();  // the first bytes of a little-endian integer are the shorter integer
      __builtin_memcpy((char*)p.output + row * p.index_bytes, &index, (unsigned)p.index_bytes);
      continue;
    }
    r.reduce();
    if (p.primitive == kLogSoftmaxBackward) r.write_backward();
    else r.write(p.primitive == kLogSoftmax);
  }
}

}  // namespace
}  // namespace temper
