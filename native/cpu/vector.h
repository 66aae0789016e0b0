// The vector of this build variant: V holds kLanes floats, I as many ints. Everything here and in the headers above it is
// inline or static: the variants are linked into one library.
#pragma once

#define TEMPER_INLINE inline __attribute__((always_inline))

#if defined(__AVX512F__)
#include "vector_avx512.h"
#elif defined(__AVX2__)
#include "vector_avx2.h"
#else
#include "vector_portable.h"
#endif
