// Macros for sources with specialised entry points. Such a source may be included several times in one translation
// unit, each time with other values of its macros.
#pragma once

#define TEMPER_JOIN_EXPANDED(a, b) a##b
#define TEMPER_JOIN(a, b) TEMPER_JOIN_EXPANDED(a, b)
#define TEMPER_SPEC TEMPER_JOIN(TEMPER_KERNEL, _specialisation)

// __cluster_dims__ exists from compute capability 9.0 on, so that a kernel without a cluster must not have it.
#define TEMPER_CLUSTER_DIMENSIONS_1
#define TEMPER_CLUSTER_DIMENSIONS_2 __cluster_dims__(2, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS_4 __cluster_dims__(4, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS_8 __cluster_dims__(8, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS_16 __cluster_dims__(16, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS(blocks) TEMPER_JOIN(TEMPER_CLUSTER_DIMENSIONS_, blocks)

// TEMPER_MIN_BLOCKS=1 allows a thread as many registers as fit if one block is resident. Without it the assembler may
// spill a few registers so that more blocks fit on a multiprocessor.
#if defined(TEMPER_MIN_BLOCKS)
#define TEMPER_LAUNCH_BOUNDS_OF(threads) __launch_bounds__(threads, TEMPER_MIN_BLOCKS)
#else
#define TEMPER_LAUNCH_BOUNDS_OF(threads) __launch_bounds__(threads)
#endif
#define TEMPER_LAUNCH_BOUNDS TEMPER_LAUNCH_BOUNDS_OF(TEMPER_THREADS)
