// Macros by which an entry point is specialised. A source with entry points may be included several times in one
// translation unit, with other macros each time.
#pragma once

#define TEMPER_JOIN_EXPANDED(a, b) a##b
#define TEMPER_JOIN(a, b) TEMPER_JOIN_EXPANDED(a, b)
#define TEMPER_SPEC TEMPER_JOIN(TEMPER_KERNEL, _specialisation)

// The attribute exists from compute capability 9.0 on: no cluster, no attribute.
#define TEMPER_CLUSTER_DIMENSIONS_1
#define TEMPER_CLUSTER_DIMENSIONS_2 __cluster_dims__(2, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS_4 __cluster_dims__(4, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS_8 __cluster_dims__(8, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS_16 __cluster_dims__(16, 1, 1)
#define TEMPER_CLUSTER_DIMENSIONS(blocks) TEMPER_JOIN(TEMPER_CLUSTER_DIMENSIONS_, blocks)

// Without the second bound the assembler may spill a few registers so that more blocks run at once.
#if defined(TEMPER_MIN_BLOCKS)
#define TEMPER_LAUNCH_BOUNDS __launch_bounds__(TEMPER_THREADS, TEMPER_MIN_BLOCKS)
#else
#define TEMPER_LAUNCH_BOUNDS __launch_bounds__(TEMPER_THREADS)
#endif
