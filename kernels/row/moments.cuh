// Moments of the logits of one row, for standardised logits.
#pragma once

#include "../float_math.cuh"

namespace temper {

// Maximum, mean less the maximum, and standard deviation of the present logits of one tensor.
struct Moments {
  float maximum = 0, mean = 0, deviation = 0, count = 0;

  __device__ __forceinline__ float centred(float x) const { return (x - maximum) - mean; }
  __device__ __forceinline__ float inverse() const { return 1.0f / (deviation + 1e-7f); }
  __device__ __forceinline__ void set_deviation(float squares, float sum, float minimum) {
    if (maximum != minimum) deviation = sqrt((squares - sum * sum / count) / (count - 1));
  }
};

}  // namespace temper
