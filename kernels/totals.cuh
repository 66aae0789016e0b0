// The sums of the row losses, in f64 and in an order that depends on the number of rows only, whichever kernel computes
// them. The rows are divided into parts of consecutive rows. A part is added up in the order of a block of 16 warps:
// each thread adds up every 512th row, then each warp the sums of its threads, then one thread the sums of the warps.
#pragma once

#include "row_inputs.cuh"

namespace temper {

constexpr int kTotalsThreads = 512, kTotalsWarps = kTotalsThreads / 32;
constexpr int kTotalsSums = int(sizeof(TotalsPart) / sizeof(double));
constexpr int kRowsInFlight = 8;  // number of rows whose loads a thread has in flight together

// The losses of one row. They are 0 if the row does not contribute, and NaN if it became invalid after the check.
struct RowLosses {
  float weight = 1, soft = 0, hard = 0, temperature_gradient = 0;

  // Another block may have stored the values during this kernel. Volatile loads bypass L1, which is not coherent with
  // the stores of other blocks.
  __device__ __forceinline__ void load(const LossParameters& p, int64_t row) {
    if (p.row_weights != nullptr) weight = p.row_weights[row];
    if (p.soft_weight > 0) soft = load(p.row_soft + row);
    if (p.hard_weight > 0) hard = load(p.row_hard + row);
    if (p.row_temperature_gradient != nullptr) temperature_gradient = load(p.row_temperature_gradient + row);
  }

  __device__ __forceinline__ void add_to(TotalsPart& part, const LossParameters& p) const {
    if (weight == 0) return;
    double factor = is_weight(weight) ? weight : not_a_number();
    double weighted_soft = p.soft_weight > 0 ? p.soft_weight * (factor * soft) : 0;
    double weighted_hard = p.hard_weight > 0 ? p.hard_weight * (factor * hard) : 0;
    part.soft += weighted_soft;
    part.hard += weighted_hard;
    part.temperature_gradient += p.soft_weight * (factor * temperature_gradient);
    double loss = weighted_soft + weighted_hard;
    part.non_finite += loss - loss == 0 ? 0 : 1;
  }

 private:
  __device__ __forceinline__ static float load(const volatile float* from) { return *from; }
};

// Consecutive rows that are added up together.
struct PartRows {
  int64_t first, end;

  __device__ __forceinline__ static PartRows of(const LossParameters& p, int part, int parts) {
    if (p.row_soft == nullptr) return {0, 0};  // a backward pass has no row losses
    int64_t count = (p.rows + parts - 1) / parts, first = part * count;
    return {first, first + count < p.rows ? first + count : p.rows};
  }
};

// The sum over the lanes of the calling warp, in all lanes.
__device__ __forceinline__ TotalsPart add_lanes(const TotalsPart& part) {
  double values[kTotalsSums] = {part.soft, part.hard, part.temperature_gradient, part.non_finite};
  for (int distance = 16; distance > 0; distance /= 2)
#pragma unroll
    for (int n = 0; n < kTotalsSums; n++) values[n] += __shfl_xor_sync(~0u, values[n], distance);
  return {values[0], values[1], values[2], values[3]};
}

// The sum over the rows of one of the 16 warps of a part. The loads of several rows are issued before their values are
// used.
__device__ __forceinline__ TotalsPart add_rows(const LossParameters& p, const PartRows& rows, int warp) {
  TotalsPart part = {};
#pragma unroll 1
  for (int64_t row = rows.first + warp * 32 + threadIdx.x % 32; row < rows.end; row += kTotalsThreads * kRowsInFlight) {
    RowLosses losses[kRowsInFlight];
#pragma unroll
    for (int i = 0; i < kRowsInFlight; i++)
      if (row + i * kTotalsThreads < rows.end) losses[i].load(p, row + i * kTotalsThreads);
#pragma unroll
    for (int i = 0; i < kRowsInFlight; i++)
      if (row + i * kTotalsThreads < rows.end) losses[i].add_to(part, p);
  }
  return add_lanes(part);
}

// The sums of the 16 warps of a part, in shared memory.
struct WarpSums {
  double sums[kTotalsSums][kTotalsWarps];

  __device__ __forceinline__ void store(int warp, const TotalsPart& part) {
    sums[0][warp] = part.soft;
    sums[1][warp] = part.hard;
    sums[2][warp] = part.temperature_gradient;
    sums[3][warp] = part.non_finite;
  }

  __device__ __forceinline__ TotalsPart add() const {
    double values[kTotalsSums] = {};
    for (int warp = 0; warp < kTotalsWarps; warp++)
#pragma unroll
      for (int n = 0; n < kTotalsSums; n++) values[n] += sums[n][warp];
    return {values[0], values[1], values[2], values[3]};
  }
};

// Counts the calling block as finished. Returns whether it is the last one of the grid, which sees what the calling
// threads of all other blocks have stored before. One thread of each block calls this.
__device__ __forceinline__ bool is_last_block(const LossParameters& p) {
  // The last block could read a row loss before the store of another block is visible. The first fence makes the stores
  // of a block visible before its count, and the second fence keeps the loads of the last block after its count.
  __threadfence();
  bool last = atomicAdd(reinterpret_cast<unsigned long long*>(p.finished_blocks), 1ull) == gridDim.x - 1;
  __threadfence();
  return last;
}

// Writes the mapped result slot, and clears status and count for the next launch. One thread of the grid calls this.
// The host ignores the totals if the status names an invalid row, or if a denominator is bad. No fence is needed: the
// host waits for an event after the kernel, which orders the stores before it.
__device__ __forceinline__ void report(const LossParameters& p, const TotalsPart& sum, const BatchStatus& status,
                                       int64_t labelled) {
  Divisors divisors = Divisors::of(p, labelled);
  int64_t counted = p.ignore_scope == kIgnoreBothParts ? labelled : p.rows;
  if (p.row_soft == nullptr) counted = labelled = 0;
  // A part without rows is 0, not 0/0.
  double soft = counted == 0 ? 0 : sum.soft / divisors.soft;
  double hard = labelled == 0 ? 0 : sum.hard / divisors.hard;
  p.report->totals = {soft + hard,
                      soft,
                      hard,
                      counted == 0 ? 0 : sum.temperature_gradient / divisors.soft,
                      counted,
                      labelled,
                      int64_t(sum.non_finite),
                      bad_denominators(p)};
  p.report->status = status;
  if (p.status != nullptr) *p.status = {};
  *p.finished_blocks = 0;
}

}  // namespace temper
