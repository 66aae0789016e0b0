// A chunk of rows: which are skipped, which code a row takes, what it adds to the totals.
#pragma once

#include "row.h"

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
  float* statistics = job.statistics ? job.statistics + row * kStatistics : nullptr;
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

template <class Policy>
void one_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row, Partial& partial) {
  const LossParameters& p = *job.parameters;
  if (job.labels && label_of(job, row) == p.ignore_index) return skip_row(job, row);
  double t = job.row_temperatures ? job.row_temperatures[row] : p.temperature;
  float w = job.row_weights ? job.row_weights[row] : 1.0f;
  bool soft = p.soft_weight > 0, hard = p.hard_weight > 0;
  if (soft && !hard) return loss_row<Policy, true, Hard::kNone>(job, scratch, policy, row, t, w, partial);
  if (!soft && hard) return loss_row<Policy, false, Hard::kSame>(job, scratch, policy, row, 1.0, w, partial);
  if (!soft) return skip_row(job, row);
  if (t == 1) return loss_row<Policy, true, Hard::kSame>(job, scratch, policy, row, t, w, partial);
  if (t == 2) return loss_row<Policy, true, Hard::kSquare>(job, scratch, policy, row, t, w, partial);
  if (t == 4) return loss_row<Policy, true, Hard::kFourth>(job, scratch, policy, row, t, w, partial);
  loss_row<Policy, true, Hard::kSeparate>(job, scratch, policy, row, t, w, partial);
}

void loss_rows(const LossJob& job, const Scratch& scratch, int64_t first, int64_t last, Partial& partial) {
  partial = {};
  if (job.parameters->divergence == kJensenShannon) {
    JensenShannon<V> policy{job.parameters->divergence_parameter};
    for (int64_t row = first; row < last; row++) one_row(job, scratch, policy, row, partial);
  } else {
    ForwardKl<V> policy;
    for (int64_t row = first; row < last; row++) one_row(job, scratch, policy, row, partial);
  }
  if (job.stream_gradient) stream_fence();
}

}  // namespace
}  // namespace temper
