// TEMPER_INLINE marks functions that the GPU kernels and the CPU engine share.
#pragma once

#if defined(TEMPER_INLINE)
#elif defined(__CUDACC__)
#define TEMPER_INLINE __device__ __forceinline__
#else
#define TEMPER_INLINE inline __attribute__((always_inline))
#endif
