// Definitions for the headers that the GPU kernels and the CPU engine share. TEMPER_INLINE marks the functions of these
// headers.
#pragma once

#if defined(TEMPER_INLINE)
#elif defined(__CUDACC__)
#define TEMPER_INLINE __device__ __forceinline__
#else
#define TEMPER_INLINE inline __attribute__((always_inline))
#endif

namespace temper {

constexpr float kLargest = 3.4028235e38f;  // the largest finite f32

}  // namespace temper
