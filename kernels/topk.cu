// The most probable classes of each row of a teacher. A specialisation is chosen by macros:
//   TEMPER_KERNEL    name of the entry point
//   TEMPER_INPUT     Float32 | BFloat16 | Float16
//   TEMPER_THREADS   threads of a block, at least kMostSlots
// TEMPER_LANES, TEMPER_CLUSTER and TEMPER_STORAGE have no effect: each row has one block, which reads it once.
#include "specialisation.cuh"
#include "topk_rows.cuh"

extern "C" __global__ void TEMPER_LAUNCH_BOUNDS
    TEMPER_KERNEL(const __grid_constant__ temper::TopKParameters parameters) {
  temper::top_k_rows<temper::TEMPER_INPUT, TEMPER_THREADS>(parameters);
}
