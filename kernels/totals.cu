// Adds up the per-row losses. Each block adds up one part of the rows; the block that finishes last adds up the parts,
// writes totals and status to the mapped result slot, and clears the status for the next launch. A launch thus needs
// neither a copy after its kernels nor a memset before them.
#include "totals.cuh"

namespace temper {

// The sum over all threads of the block.
__device__ __forceinline__ TotalsPart add_block(const TotalsPart& of_warp) {
  WarpSums& sums = *reinterpret_cast<WarpSums*>(dynamic_shared());
  __syncthreads();  // after all reads of an earlier sum
  if (threadIdx.x % 32 == 0) sums.store(int(threadIdx.x / 32), of_warp);
  __syncthreads();
  return sums.add();
}

// Stores the part of the block. Returns whether this block is the last one to do so.
__device__ __forceinline__ bool is_last(const LossParameters& p, const TotalsPart& part) {
  int* last = reinterpret_cast<int*>(dynamic_shared() + sizeof(WarpSums));
  if (threadIdx.x == 0) {
    p.parts[blockIdx.x] = part;
    *last = is_last_block(p) ? 1 : 0;
  }
  __syncthreads();
  return *last != 0;
}

}  // namespace temper

extern "C" __global__ void __launch_bounds__(512) temper_totals(const __grid_constant__ temper::LossParameters p) {
  using namespace temper;
  TotalsPart sum =
      add_block(add_rows(p, PartRows::of(p, int(blockIdx.x), int(gridDim.x)), int(threadIdx.x / 32)));
  if (gridDim.x > 1) {
    if (!is_last(p, sum)) return;
    // Volatile loads bypass L1, which is not coherent with the stores of other blocks.
    const volatile TotalsPart* parts = p.parts;
    TotalsPart one = {};
    const volatile TotalsPart& mine = parts[threadIdx.x];
    if (threadIdx.x < gridDim.x) one = {mine.soft, mine.hard, mine.temperature_gradient, mine.non_finite};
    sum = add_block(add_lanes(one));
  }
  if (threadIdx.x == 0) report(p, sum, p.status == nullptr ? BatchStatus{} : *p.status, labelled_rows(p));
}
