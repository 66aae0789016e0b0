// The loss of a chunk of rows: skipped rows, the choice between tiles and single rows, and the sums for the totals.
#pragma once

#include "row_statistics.h"

namespace temper {
namespace {

TEMPER_INLINE bool finite(double a) { return a - a == 0; }

// Writes the row's outputs and adds the row to the totals. The weights of the soft and hard part are applied to the
// totals later. A row of weight 0 adds nothing to the totals, even if it is not finite.
TEMPER_INLINE void add_row_loss(const LossJob& job, int64_t row, float weight, double soft, double hard,
                                Partial& partial) {
  const LossParameters& p = *job.parameters;
  if (job.row_soft) job.row_soft[row] = (float)soft;
  if (job.row_hard) job.row_hard[row] = (float)hard;
  if (weight == 0) return;
  soft = p.soft_weight > 0 ? soft * weight : 0;
  hard = p.hard_weight > 0 ? hard * weight : 0;
  partial.soft += soft;
  partial.hard += hard;
  partial.non_finite += !finite(soft + hard);
}

template <class Policy, bool soft, HardExp hard>
void compute_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row, const RowInputs& inputs,
                 Partial& partial) {
  const LossParameters& p = *job.parameters;
  Row<Policy, soft, hard> r{job, p, scratch, policy, row, inputs.label, inputs.temperature};
  UnalignedFloat* statistics = job.statistics ? job.statistics + row * kStatistics : nullptr;
  if (p.operation == kBackward) {
    restore(r, statistics);
  } else {
    r.evaluate(p.operation == kForwardBackward);
    add_row_loss(job, row, inputs.weight, value_factor(p, inputs.temperature) * r.divergence, r.cross_entropy, partial);
    if (statistics) save(r, statistics);
  }
  if (p.operation == kForward) return;
  if (inputs.weight == 0) return store_zeros(p.gradient, job.gradient, row, 0);
  r.store_gradient(gradient_factors(job, inputs.temperature, inputs.weight), p.operation == kBackward);
}

// Writes the outputs of a skipped row: zeros.
void skip_row(const LossJob& job, int64_t row) {
  if (job.row_soft) job.row_soft[row] = 0;
  if (job.row_hard) job.row_hard[row] = 0;
  if (job.parameters->operation != kForward) store_zeros(job.parameters->gradient, job.gradient, row, 0);
  if (job.statistics && job.parameters->operation != kBackward)
    __builtin_memset(job.statistics + row * kStatistics, 0, kStatistics * sizeof(float));
}

// Writes the outputs of an invalid row: NaN. The row is counted as non-finite, and the totals become NaN.
void invalidate_row(const LossJob& job, int64_t row, Partial& partial) {
  const LossParameters& p = *job.parameters;
  const float nan = __builtin_nanf("");
  partial.non_finite++;
  if (p.operation != kBackward) {
    partial.soft += p.soft_weight > 0 ? nan : 0;
    partial.hard += p.hard_weight > 0 ? nan : 0;
    if (job.row_soft) job.row_soft[row] = nan;
    if (job.row_hard) job.row_hard[row] = nan;
    if (job.statistics)
      for (int i = 0; i < kStatistics; i++) job.statistics[row * kStatistics + i] = i == kPath ? 0 : nan;
  }
  if (p.operation != kForward) {
    store_nan(p.gradient, job.gradient, row, p.classes);
    store_zeros(p.gradient, job.gradient, row, p.classes);
  }
}

// The parts of the loss as template arguments.
template <bool with_soft, HardExp with_hard> struct Mode {
  static constexpr bool soft = with_soft;
  static constexpr HardExp hard = with_hard;
};

// Calls `body` with the Mode of the loss, in which at least one part has a weight above 0. `reuse` permits the hard
// part to reuse the exponentials of the soft part.
template <class F> TEMPER_INLINE void dispatch_mode(const LossParameters& p, double temperature, bool reuse, F body) {
  if (!(p.soft_weight > 0)) return body(Mode<false, HardExp::kSame>{});
  if (!(p.hard_weight > 0)) return body(Mode<true, HardExp::kNone>{});
  if (reuse && temperature == 1) return body(Mode<true, HardExp::kSame>{});
  if (reuse && temperature == 2) return body(Mode<true, HardExp::kSquared>{});
  if (reuse && temperature == 4) return body(Mode<true, HardExp::kFourthPower>{});
  body(Mode<true, HardExp::kSeparate>{});
}

template <class Policy>
void dispatch_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row,
                  const RowInputs& inputs, Partial& partial) {
  if (inputs.state == RowState::kInvalid) return invalidate_row(job, row, partial);
  if (inputs.state == RowState::kSkipped) return skip_row(job, row);
  dispatch_mode(*job.parameters, inputs.temperature, true, [&](auto mode) {
    using M = decltype(mode);
    compute_row<Policy, M::soft, M::hard>(job, scratch, policy, row, inputs, partial);
  });
}

// Computes at most kLanes short rows. If the rows have temperatures of their own, the hard part reuses no exponentials
// in any row: reuse in tiles that happen to be at T = 2 would make a row's bits depend on its neighbours.
template <class Policy, bool soft, HardExp hard>
void compute_tile(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int rows,
                  Partial& partial) {
  const LossParameters& p = *job.parameters;
  int classes = (int)p.classes;
  Tile z, u, hard_tile, ratios;
  TileInputs inputs;
  TileResults results = {};
  Exponential tempered(1.0);
  load_tile_inputs(job, first, rows, inputs, tempered);
  prefetch_rows(p.student, job.student, first + kPrefetchRows, p.rows, classes);
  if constexpr (soft) prefetch_rows(p.teacher, job.teacher, first + kPrefetchRows, p.rows, classes);
  if (p.operation == kForwardBackward) prefetch_rows(p.gradient, job.gradient, first + kPrefetchRows, p.rows, classes);
  z.load_rows(p.student, job.student, first, rows, classes);
  if constexpr (soft) u.load_rows(p.teacher, job.teacher, first, rows, classes);
  evaluate_tile<Policy, soft, hard>(policy, tempered, inputs, classes, z, u, hard_tile, ratios, results);
  bool backward = p.operation == kForwardBackward;
  if (backward) gradient_tile<Policy, soft, hard>(policy, inputs, results, classes, z, u, hard_tile, ratios);
  if (backward) z.store_rows(p.gradient, job.gradient, first, rows, classes, results.tile_path);
  for (int lane = 0; lane < rows; lane++) {
    int64_t row = first + lane;
    if (!results.tile_path[lane]) {
      dispatch_row(job, scratch, policy, row, lane_inputs(job, inputs, lane), partial);
      continue;
    }
    add_row_loss(job, row, inputs.weight[lane], inputs.value_factor[lane] * results.divergence[lane],
                 results.cross_entropy[lane], partial);
    if (job.statistics) save_lane(results, lane, job.statistics + row * kStatistics);
  }
}

template <class Policy>
void compute_rows(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int64_t last,
                  Partial& partial) {
  const LossParameters& p = *job.parameters;
  bool tiles = p.classes <= kShortRowClasses && p.operation != kBackward && (p.soft_weight > 0 || p.hard_weight > 0);
  for (; tiles && first < last; first += kLanes) {
    int rows = last - first < kLanes ? (int)(last - first) : kLanes;
    dispatch_mode(p, p.temperature, job.row_temperatures == nullptr, [&](auto mode) {
      using M = decltype(mode);
      compute_tile<Policy, M::soft, M::hard>(job, scratch, policy, first, rows, partial);
    });
  }
  for (; first < last; first++)
    dispatch_row(job, scratch, policy, first, load_row_inputs(job, first), partial);
}

void loss_rows(const LossJob& job, const Scratch& scratch, int64_t first, int64_t last, Partial& partial) {
  partial = {};
  if (job.parameters->divergence == kJensenShannon) {
    JensenShannon<V> policy = {job.parameters->divergence_parameter, job.parameters->divergence_complement};
    compute_rows(job, scratch, policy, first, last, partial);
  } else {
    compute_rows(job, scratch, ForwardKl<V>{}, first, last, partial);
  }
  if (job.stream_gradient) stream_fence();
}

}  // namespace
}  // namespace temper
