// The vector of this build variant: V holds kLanes floats, I as many ints. This and the headers above it live in an unnamed namespace:
// the variants are linked into one library, which must not take one instruction set's function for another's.
#pragma once

#define TEMPER_INLINE inline __attribute__((always_inline))

#if defined(__AVX512F__)
#include "vector_avx512.h"
#elif defined(__AVX2__)
#include "vector_avx2.h"
#else
#include "vector_portable.h"
#endif
