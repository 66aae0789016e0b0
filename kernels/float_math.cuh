// Float functions of the kernels and, with V = float, of the divergence policies (divergence/policy.h). This header
// comes before the policies: a template finds functions of built-in types only if they are declared before its
// definition.
#pragma once

#include "device.cuh"

namespace temper {

__device__ __forceinline__ float infinity() { return float_of(0x7f800000u); }
__device__ __forceinline__ float not_a_number() { return float_of(0x7fffffffu); }

__device__ __forceinline__ float fma(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ float product_rest(float a, float b, float product) { return fmaf(a, b, -product); }
__device__ __forceinline__ float abs(float a) { return fabsf(a); }
// If one operand is NaN, the result is the other one. A NaN logit makes its row non-finite through the sums instead.
__device__ __forceinline__ float max(float a, float b) { return fmaxf(a, b); }
__device__ __forceinline__ float min(float a, float b) { return fminf(a, b); }
// For integers, which the functions above would convert to floats and back.
__device__ __forceinline__ constexpr int max(int a, int b) { return a > b ? a : b; }
__device__ __forceinline__ constexpr int min(int a, int b) { return a < b ? a : b; }
__device__ __forceinline__ float copy_sign(float size, float sign) {
  return float_of((bits_of(size) & 0x7fffffffu) | (bits_of(sign) & 0x80000000u));
}
// 1/x, rounded correctly as 1.0f / x is, for a normal x with a normal inverse.
__device__ __forceinline__ float rounded_reciprocal(float x) {
  float inverse = reciprocal(x);
  return fma(inverse, fma(-x, inverse, 1.0f), inverse);
}
// Replaces a and b by their inverses with one reciprocal, for numbers from 1 to 2^62. The error is about 2 ulp.
__device__ __forceinline__ void invert(float& a, float& b) {
  float inverse = reciprocal(a * b), of_a = inverse * b;
  b = inverse * a;
  a = of_a;
}
__device__ __forceinline__ float select(bool condition, float yes, float no) { return condition ? yes : no; }
__device__ __forceinline__ float log(float a) { return logf(a); }
__device__ __forceinline__ float log_corrected(float a, float correction) { return logf(a) - correction; }
__device__ __forceinline__ float log1p(float a) { return log1pf(a); }
__device__ __forceinline__ float tanh(float a) { return tanhf(a); }
__device__ __forceinline__ float sqrt(float a) { return sqrtf(a); }

}  // namespace temper
