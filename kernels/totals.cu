// Adds up the per-row losses, in f64 and in an order that depends on the number of rows only. Each block adds up
// consecutive rows; the block that finishes last adds up the blocks' parts, writes totals and status to the mapped
// result slot, and clears the status for the next launch. A launch thus needs neither a copy after its kernels nor a
// memset before them.
#include "row_inputs.cuh"

namespace temper {

constexpr int kTotalsThreads = 512, kWarps = kTotalsThreads / 32;
constexpr int kRowsInFlight = 8;  // rows of a thread whose loads are in flight together

// The inputs of one row. The loads of several rows are issued before any of the values is used.
struct CountedRow {
  int64_t label = 0;
  float weight = 1, soft = 0, hard = 0, temperature_gradient = 0;

  __device__ __forceinline__ void load(const LossParameters& p, int64_t row) {
    if (p.labels != nullptr) label = label_of(p, row);
    if (p.row_weights != nullptr) weight = p.row_weights[row];
    if (p.soft_weight > 0) soft = p.row_soft[row];
    if (p.hard_weight > 0) hard = p.row_hard[row];
    if (p.row_temperature_gradient != nullptr) temperature_gradient = p.row_temperature_gradient[row];
  }

  __device__ __forceinline__ void add_to(TotalsPart& part, const LossParameters& p) const {
    RowTask task = RowTask::of(p, label, weight, p.temperature);
    bool labelled = p.labels == nullptr || label != p.ignore_index;
    part.counted += labelled || p.ignore_scope != kIgnoreBothParts ? 1 : 0;
    part.hard_counted += labelled ? 1 : 0;
    if (task.ignored || weight == 0) return;  // also if the row is non-finite
    double factor = task.valid ? weight : not_a_number();  // invalid if the host changed it after the check
    double weighted_soft = p.soft_weight > 0 ? p.soft_weight * (factor * soft) : 0;
    double weighted_hard = p.hard_weight > 0 ? p.hard_weight * (factor * hard) : 0;
    part.soft += weighted_soft;
    part.hard += weighted_hard;
    part.temperature_gradient += p.soft_weight * (factor * temperature_gradient);
    double loss = weighted_soft + weighted_hard;
    part.non_finite += loss - loss == 0 ? 0 : 1;
  }
};

__device__ __forceinline__ TotalsPart sum_rows(const LossParameters& p, int64_t first, int64_t end) {
  TotalsPart part = {};
  for (int64_t row = first + threadIdx.x; row < end; row += kTotalsThreads * kRowsInFlight) {
    CountedRow rows[kRowsInFlight];
#pragma unroll
    for (int i = 0; i < kRowsInFlight; i++)
      if (row + i * kTotalsThreads < end) rows[i].load(p, row + i * kTotalsThreads);
#pragma unroll
    for (int i = 0; i < kRowsInFlight; i++)
      if (row + i * kTotalsThreads < end) rows[i].add_to(part, p);
  }
  return part;
}

constexpr int kSums = 6;

// The sum of all threads' parts.
__device__ __forceinline__ TotalsPart sum_block(TotalsPart part) {
  double values[kSums] = {part.soft,    part.hard,         part.temperature_gradient,
                          part.counted, part.hard_counted, part.non_finite};
  for (int distance = 16; distance > 0; distance /= 2)
#pragma unroll
    for (int n = 0; n < kSums; n++) values[n] += __shfl_xor_sync(~0u, values[n], distance);
  double* warps = reinterpret_cast<double*>(dynamic_shared());  // [kSums][kWarps]
  __syncthreads();                                              // after all reads of an earlier sum
  if (threadIdx.x % 32 == 0)
#pragma unroll
    for (int n = 0; n < kSums; n++) warps[n * kWarps + threadIdx.x / 32] = values[n];
  __syncthreads();
#pragma unroll
  for (int n = 0; n < kSums; n++) {
    values[n] = 0;
    for (int warp = 0; warp < kWarps; warp++) values[n] += warps[n * kWarps + warp];
  }
  return {values[0], values[1], values[2], values[3], values[4], values[5]};
}

// Stores the part of the block. Returns whether this block is the last one to do so.
__device__ __forceinline__ bool is_last(const LossParameters& p, const TotalsPart& part) {
  int* last = reinterpret_cast<int*>(dynamic_shared() + kSums * kWarps * sizeof(double));
  if (threadIdx.x == 0) {
    p.parts[blockIdx.x] = part;
    __threadfence();
    *last = atomicAdd(reinterpret_cast<unsigned long long*>(p.finished_blocks), 1ull) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  return *last != 0;
}

// Writes the mapped result slot and clears the status, in one thread of the grid. The host ignores the totals if the
// status names an invalid row, or if a denominator is bad. No fence is needed: the host waits for an event after the
// kernel, which orders the stores before it.
__device__ __forceinline__ void report(const LossParameters& p, const TotalsPart& sum) {
  Divisors divisors = Divisors::of(p, labelled_rows(p));
  // A part without rows is 0, not 0/0.
  double soft = sum.counted == 0 ? 0 : sum.soft / divisors.soft;
  double hard = sum.hard_counted == 0 ? 0 : sum.hard / divisors.hard;
  p.report->totals = {soft + hard,
                      soft,
                      hard,
                      sum.counted == 0 ? 0 : sum.temperature_gradient / divisors.soft,
                      int64_t(sum.counted),
                      int64_t(sum.hard_counted),
                      int64_t(sum.non_finite),
                      bad_denominators(p)};
  p.report->status = p.status == nullptr ? BatchStatus{} : *p.status;
  if (p.status != nullptr) *p.status = {};
}

}  // namespace temper

extern "C" __global__ void __launch_bounds__(512) temper_totals(const __grid_constant__ temper::LossParameters p) {
  using namespace temper;
  TotalsPart sum = {};
  if (p.row_soft != nullptr) {  // a backward pass has no row losses; its launch reports the status only
    int64_t count = (p.rows + gridDim.x - 1) / gridDim.x, first = blockIdx.x * count;
    sum = sum_rows(p, first, first + count < p.rows ? first + count : p.rows);
  }
  sum = sum_block(sum);
  if (gridDim.x > 1) {
    if (!is_last(p, sum)) return;
    // Volatile loads bypass L1, which is not coherent with the stores of other blocks.
    const volatile TotalsPart* parts = p.parts;
    TotalsPart one = {};
    const volatile TotalsPart& mine = parts[threadIdx.x];
    if (threadIdx.x < gridDim.x)
      one = {mine.soft,    mine.hard,         mine.temperature_gradient,
             mine.counted, mine.hard_counted, mine.non_finite};
    sum = sum_block(one);
    if (threadIdx.x == 0) *p.finished_blocks = 0;
  }
  if (threadIdx.x == 0) report(p, sum);
}
