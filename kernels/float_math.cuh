// What the divergence policies ask for when their value type is one float (see divergence/policy.h).
// Included before them: a template finds functions on built-in types only if they were declared first.
#pragma once

#include "device.cuh"

namespace temper {

constexpr float kLargest = 3.4028235e38f;

__device__ __forceinline__ float infinity() { return float_of(0x7f800000u); }
__device__ __forceinline__ float not_a_number() { return float_of(0x7fffffffu); }

__device__ __forceinline__ float fma(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ float abs(float a) { return fabsf(a); }
// A NaN beside a number is ignored: it poisons its row through the sums.
__device__ __forceinline__ float max(float a, float b) { return fmaxf(a, b); }
__device__ __forceinline__ float min(float a, float b) { return fminf(a, b); }
__device__ __forceinline__ float select(bool condition, float yes, float no) { return condition ? yes : no; }
__device__ __forceinline__ float log(float a) { return logf(a); }
__device__ __forceinline__ float log1p(float a) { return log1pf(a); }

}  // namespace temper
