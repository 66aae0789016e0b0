// The rows of a batch: which are skipped, by what their gradients are multiplied, where their results go.
#pragma once

#include "loss_row.cuh"
#include "row_inputs.cuh"
#include "divergence/forward_kl.h"
#include "divergence/jensen_shannon.h"

namespace temper {

enum class Pass { kForward, kForwardBackward, kBackward };

template <class Policy> __device__ __forceinline__ Policy make_policy(float parameter) {
  if constexpr (__is_empty(Policy))
    return Policy{};
  else
    return Policy{parameter};
}

// T^2 as the loss has it; what dD/ds is multiplied by is the same over T.
__device__ __forceinline__ float value_factor(const LossParameters& p, float temperature) {
  return p.temperature_scaling != 0 ? temperature * temperature : 1.0f;
}

__device__ __forceinline__ GradientFactors gradient_factors(const LossParameters& p, double divisor, float temperature, float weight) {
  double scale = p.gradient_scale * weight / divisor;
  double soft = p.temperature_scaling != 0 ? double(temperature) : 1.0 / temperature;
  return {float(p.soft_weight * soft * scale), float(p.hard_weight * scale)};
}

// Before the gradient: a row's values are no longer kept then.
template <class Team> __device__ __forceinline__ void store_values(const LossParameters& p, const Team& team, int64_t row, float soft, float hard) {
  if (team.index != 0) return;
  if (p.row_soft != nullptr) p.row_soft[row] = soft;
  if (p.row_hard != nullptr) p.row_hard[row] = hard;
}

template <class Spec> __device__ __forceinline__ void loss_rows(const LossParameters& p) {
  using Team = typename Spec::Team;
  using Row = LossRow<Spec>;
  using R = typename Row::R;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  constexpr bool kForward = Spec::kPass != Pass::kBackward, kGradient = Spec::kPass != Pass::kForward;

  Team team;
  team.begin();
  const bool nothing_wanted = p.soft_weight == 0 && p.hard_weight == 0;   // rows are checked and counted, no logit is read
  const auto policy = make_policy<typename Spec::Policy>(p.divergence_parameter);
  typename Row::Resident resident(team, p.classes);

  for (int64_t i = team.first_row(); i < p.rows; i += team.row_step()) {
    // The row's logits are asked for before anything else is waited for but what says whether they are needed: the status, the
    // factors and the cluster's other blocks come while they are on their way.
    int64_t label = p.labels == nullptr ? -1 : label_of(p, i);
    float weight = p.row_weights == nullptr ? 1.0f : p.row_weights[i];
    float temperature = p.row_temperatures == nullptr ? p.temperature : p.row_temperatures[i];
    R row(p.student, i * p.student_stride, p.teacher, i * p.teacher_stride, p.classes);
    bool ignored = p.labels != nullptr && label == p.ignore_index;
    bool zero = ignored || nothing_wanted || weight == 0;
    bool computed = !ignored && !nothing_wanted && !(zero && !kForward);
    float* statistics = p.statistics == nullptr ? nullptr : p.statistics + i * p.statistics_stride;

    if (computed) resident.start(row, team);
    Row loss{policy, team, row, resident, 1.0f / temperature, int(label)};
    if constexpr (!kForward)
      if (computed) loss.restore(statistics);
    if (i == team.first_row()) team.meet();
    bool is_refused = refused(p.status);
    GradientFactors factors = {};
    if constexpr (kGradient) factors = gradient_factors(p, divisor_of(p), temperature, weight);
    if (computed) resident.wait();
    if (is_refused) return;   // before anything is written

    if (computed) {
      if constexpr (kForward) {
        loss.evaluate();
        if (statistics != nullptr) loss.save(statistics);
        store_values(p, team, i, value_factor(p, temperature) * loss.divergence, loss.cross_entropy);
      }
      // Made here, not above: what only the gradient asks for takes no registers during the sums.
      if constexpr (kGradient)
        if (!zero) loss.store_gradient(GradientView(p.gradient, i * p.gradient_stride, -row.overhang, p.classes), factors);
    } else if constexpr (kForward) {
      if (statistics != nullptr && team.index == 0)
        for (int s = 0; s < kRowStatistics; s++) statistics[s] = 0;
      store_values(p, team, i, 0, 0);
    }
    if constexpr (kGradient) {
      GradientView padded(p.gradient, i * p.gradient_stride, -row.overhang, p.gradient_width);
      store_zeros(padded, team, row.overhang, zero ? 0 : p.classes);
    }
  }
}

}  // namespace temper
