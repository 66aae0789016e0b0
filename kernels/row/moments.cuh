// Moments of the logits of one row, for standardised logits.
#pragma once

#include "../float_math.cuh"

namespace temper {

// The moments of the present logits of one tensor. `mean` is relative to the maximum, which keeps its digits, and
// `count` is the number of present logits.
struct Moments {
  float maximum = 0, mean = 0, deviation = 0, count = 0;

  __device__ __forceinline__ float centred(float x) const { return (x - maximum) - mean; }
  __device__ __forceinline__ float inverse() const { return 1.0f / (deviation + 1e-7f); }
  // `squares` and `sum` are sums of centred(x)^2 and of centred(x). The second one corrects the rounding error of the
  // mean. If all logits are equal, the deviation stays exactly 0, which the sums alone would not give.
  __device__ __forceinline__ void set_deviation(float squares, float sum, float minimum) {
    if (maximum != minimum) deviation = sqrt((squares - sum * sum / count) / (count - 1));
  }
};

}  // namespace temper
