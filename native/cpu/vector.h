// The vector types of the instruction set that this file is compiled for: V holds kLanes floats, I as many ints. This
// header and all headers that include it put their functions into an unnamed namespace. Without it the linker would
// merge the equally named functions of all variants, and the baseline variant could run AVX-512 instructions.
#pragma once

#include "../../kernels/inline.h"

// Code of rare paths, whose registers and stack would burden the common one.
#define TEMPER_RARE __attribute__((noinline))

#if defined(__AVX512F__)
#include "vector_avx512.h"
#elif defined(__AVX2__)
#include "vector_avx2.h"
#else
#include "vector_portable.h"
#endif
