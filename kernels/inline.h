// Definitions for the headers that the GPU kernels and the CPU engine share. TEMPER_INLINE marks the functions of these
// headers. Builds for checks define it as `inline`, because they take longer to compile than to run.
#pragma once

#if defined(__CUDACC__)
#define TEMPER_INLINE __device__ __forceinline__
#elif !defined(TEMPER_INLINE)
#define TEMPER_INLINE inline __attribute__((always_inline))
#endif

namespace temper {

constexpr float kLargest = 3.4028235e38f;  // the largest finite f32

}  // namespace temper
