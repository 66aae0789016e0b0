// A chunk of rows: which are skipped, which code a row takes, what it adds to the totals.
#pragma once

#include "short_rows.h"

namespace temper {
namespace {

TEMPER_INLINE int64_t label_of(const LossJob& job, int64_t row) {
  if (job.labels == nullptr) return 0;
  if (job.parameters->label_bytes == 8) {
    int64_t label;
    __builtin_memcpy(&label, (const char*)job.labels + 8 * row, 8);
    return label;
  }
  int32_t label;
  __builtin_memcpy(&label, (const char*)job.labels + 4 * row, 4);
  return label;
}

TEMPER_INLINE bool finite(double a) { return a - a == 0; }

// T^2 as the loss has it (1 when scaling is off), and what dD/ds is multiplied by: T^2 / T.
TEMPER_INLINE double value_factor(const LossParameters& p, double temperature) {
  return p.temperature_scaling ? temperature * temperature : 1.0;
}
TEMPER_INLINE GradientScale gradient_scale(const LossJob& job, double temperature, float weight) {
  const LossParameters& p = *job.parameters;
  double scale = p.gradient_scale * weight / job.divisor;
  return {(float)(p.soft_weight * scale * (p.temperature_scaling ? temperature : 1.0 / temperature)), (float)(p.hard_weight * scale)};
}

// What a row comes to, before the weights of its parts: the per-row outputs, and its share of the totals. A row of weight 0 has none,
// whatever it holds.
TEMPER_INLINE void account(const LossJob& job, int64_t row, float weight, double soft, double hard, Partial& partial) {
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

template <class Policy, bool soft, Hard hard>
void loss_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row, double temperature, float weight,
                     Partial& partial) {
  const LossParameters& p = *job.parameters;
  Row<Policy, soft, hard> r{job, p, scratch, policy, row, label_of(job, row), temperature};
  CallersFloat* statistics = job.statistics ? job.statistics + row * kStatistics : nullptr;
  if (p.operation == kBackward) {
    r.restore(statistics);
  } else {
    r.evaluate(p.operation == kForwardBackward);
    account(job, row, weight, value_factor(p, temperature) * r.divergence, r.cross_entropy, partial);
    if (statistics) r.save(statistics);
  }
  if (p.operation == kForward) return;
  if (weight == 0) return store_zeros(p.gradient, job.gradient, row, 0);
  r.store_gradient(gradient_scale(job, temperature, weight), p.operation == kBackward);
}

void skip_row(const LossJob& job, int64_t row) {
  if (job.row_soft) job.row_soft[row] = 0;
  if (job.row_hard) job.row_hard[row] = 0;
  if (job.parameters->operation != kForward) store_zeros(job.parameters->gradient, job.gradient, row, 0);
  if (job.statistics && job.parameters->operation != kBackward)
    __builtin_memset(job.statistics + row * kStatistics, 0, kStatistics * sizeof(float));
}

template <bool with_soft, Hard with_hard> struct Mode {
  static constexpr bool soft = with_soft;
  static constexpr Hard hard = with_hard;
};

// Calls `with` a Mode; one of the parts has a weight. `power`: exponentials of the hard part may be powers of the soft part's.
template <class F> TEMPER_INLINE void choose_mode(const LossParameters& p, double temperature, bool power, F with) {
  if (!(p.soft_weight > 0)) return with(Mode<false, Hard::kSame>{});
  if (!(p.hard_weight > 0)) return with(Mode<true, Hard::kNone>{});
  if (power && temperature == 1) return with(Mode<true, Hard::kSame>{});
  if (power && temperature == 2) return with(Mode<true, Hard::kSquare>{});
  if (power && temperature == 4) return with(Mode<true, Hard::kFourth>{});
  with(Mode<true, Hard::kSeparate>{});
}

// The hard part alone knows no temperature.
TEMPER_INLINE double temperature_of(const LossJob& job, int64_t row) {
  if (!(job.parameters->soft_weight > 0)) return 1;
  return job.row_temperatures ? job.row_temperatures[row] : job.parameters->temperature;
}
TEMPER_INLINE float weight_of(const LossJob& job, int64_t row) { return job.row_weights ? job.row_weights[row] : 1.0f; }
TEMPER_INLINE bool ignored(const LossJob& job, int64_t row) {
  return job.labels && label_of(job, row) == job.parameters->ignore_index;
}

template <class Policy>
void one_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row, Partial& partial) {
  const LossParameters& p = *job.parameters;
  if (ignored(job, row) || (p.soft_weight == 0 && p.hard_weight == 0)) return skip_row(job, row);
  double temperature = temperature_of(job, row);
  choose_mode(p, temperature, true, [&](auto mode) {
    using M = decltype(mode);
    loss_row<Policy, M::soft, M::hard>(job, scratch, policy, row, temperature, weight_of(job, row), partial);
  });
}

// The rows' own factors, or the factors of all.
void describe_rows(const LossJob& job, int64_t first, int rows, TileRows& tile, Exponents& tempered) {
  bool alike = job.row_weights == nullptr && job.row_temperatures == nullptr;
  for (int lane = 0; lane < kLanes; lane++) {
    int64_t row = first + (lane < rows ? lane : rows - 1);
    tile.weight[lane] = weight_of(job, row);
    bool skip = ignored(job, row);
    tile.skipped[lane] = skip || tile.weight[lane] == 0;
    tile.label[lane] = skip ? 0 : (int)label_of(job, row);
    if (alike && lane > 0) {
      tile.value_factor[lane] = tile.value_factor[0];
      continue;
    }
    double temperature = temperature_of(job, row);
    tile.value_factor[lane] = value_factor(*job.parameters, temperature);
    GradientScale scale = gradient_scale(job, temperature, tile.weight[lane]);
    Exponents own(temperature);
    for (int i = lane; i < (alike ? kLanes : lane + 1); i++) {
      tile.soft_scale[i] = scale.soft;
      tile.hard_scale[i] = scale.hard;
      tile.inverse_temperature[i] = (float)(1 / temperature);
      tempered.c[i] = own.c[0];
      tempered.lowest[i] = own.lowest[0];
    }
  }
}

void save_lane(const TileValues& values, int lane, CallersFloat* statistics) {
  __builtin_memset(statistics, 0, kStatistics * sizeof(float));
  statistics[kStudentMax] = values.student_max[lane];
  statistics[kStudentInverse] = values.student_inverse[lane];
  statistics[kTeacherMax] = values.teacher_max[lane];
  statistics[kTeacherInverse] = values.teacher_inverse[lane];
  statistics[kHardInverse] = values.hard_inverse[lane];
  statistics[kLogRatio] = values.log_ratio[lane];
  statistics[kPolicySum] = values.policy_sum[lane];
}

// Up to kLanes short rows. Whether the rows have temperatures of their own decides on powers, never what the temperatures are: a row's
// bits are its own.
template <class Policy, bool soft, Hard hard>
void tile_of_rows(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int rows, Partial& partial) {
  const LossParameters& p = *job.parameters;
  int classes = (int)p.classes;
  Tile z, u, hard_tile, ratios;
  TileRows tile;
  TileValues values = {};
  Exponents tempered(1.0);
  describe_rows(job, first, rows, tile, tempered);
  fetch_rows(p.student, job.student, first + kFetchRows, p.rows, classes);
  if constexpr (soft) fetch_rows(p.teacher, job.teacher, first + kFetchRows, p.rows, classes);
  if (p.operation == kForwardBackward) fetch_rows(p.gradient, job.gradient, first + kFetchRows, p.rows, classes);
  z.load_rows(p.student, job.student, first, rows, classes);
  if constexpr (soft) u.load_rows(p.teacher, job.teacher, first, rows, classes);
  evaluate_tile<Policy, soft, hard>(policy, tempered, tile, classes, z, u, hard_tile, ratios, values);
  bool backward = p.operation == kForwardBackward;
  if (backward) gradient_tile<Policy, soft, hard>(policy, tile, values, classes, z, u, hard_tile, ratios);
  for (int lane = 0; lane < rows; lane++) values.usual[lane] &= !tile.skipped[lane];
  if (backward) z.store_rows(p.gradient, job.gradient, first, rows, classes, values.usual);
  for (int lane = 0; lane < rows; lane++) {
    int64_t row = first + lane;
    if (!values.usual[lane]) {
      one_row(job, scratch, policy, row, partial);
      continue;
    }
    account(job, row, tile.weight[lane], tile.value_factor[lane] * values.divergence[lane], values.cross_entropy[lane], partial);
    if (job.statistics) save_lane(values, lane, job.statistics + row * kStatistics);
  }
}

template <class Policy>
void all_rows(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int64_t last, Partial& partial) {
  const LossParameters& p = *job.parameters;
  bool tiles = p.classes <= kShortRow && p.operation != kBackward && (p.soft_weight > 0 || p.hard_weight > 0);
  for (; tiles && first < last; first += kLanes) {
    int rows = last - first < kLanes ? (int)(last - first) : kLanes;
    choose_mode(p, p.temperature, job.row_temperatures == nullptr, [&](auto mode) {
      using M = decltype(mode);
      tile_of_rows<Policy, M::soft, M::hard>(job, scratch, policy, first, rows, partial);
    });
  }
  for (; first < last; first++) one_row(job, scratch, policy, first, partial);
}

void loss_rows(const LossJob& job, const Scratch& scratch, int64_t first, int64_t last, Partial& partial) {
  partial = {};
  if (job.parameters->divergence == kJensenShannon) {
    all_rows(job, scratch, JensenShannon<V>{job.parameters->divergence_parameter, job.parameters->divergence_complement}, first, last, partial);
  } else {
    all_rows(job, scratch, ForwardKl<V>{}, first, last, partial);
  }
  if (job.stream_gradient) stream_fence();
}

}  // namespace
}  // namespace temper
