// Softcaps: a logit z becomes cap tanh(z/cap).
#pragma once

#include "../float_math.cuh"
#include "../divergence/policy.h"

namespace temper {

// An infinite logit stays infinite: -inf is an absent class, and +inf makes the row non-finite.
__device__ __forceinline__ float softcapped(float z, float cap) { return abs(z) <= kLargest ? cap * tanh(z / cap) : z; }

// The derivative with respect to z, from the capped logit. It is 0 for an absent class.
__device__ __forceinline__ float softcap_slope(float capped, float cap) {
  float tanh = capped / cap;
  return abs(capped) <= kLargest ? (1.0f - tanh) * (1.0f + tanh) : 0.0f;
}

}  // namespace temper
