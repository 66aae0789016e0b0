// The rows of a batch: which are skipped, by what their gradients are multiplied, where their results go.
#pragma once

#include "loss_row.cuh"
#include "row_inputs.cuh"
#include "divergence/forward_kl.h"
#include "divergence/jensen_shannon.h"

namespace temper {

enum class Pass { kForward, kForwardBackward, kBackward };

template <class Policy> __device__ __forceinline__ Policy make_policy(const LossParameters& p) {
  if constexpr (__is_empty(Policy))
    return Policy{};
  else
    return Policy{p.divergence_parameter, p.divergence_complement};
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

// What is known of a row before its logits are.
struct RowTask {
  int64_t label = -1;
  float weight = 0, temperature = 1;
  bool zero = true;        // its gradient
  bool computed = false;   // its logits are wanted

  // nothing_wanted: rows are checked and counted, no logit is read.
  template <bool FORWARD> __device__ __forceinline__ static RowTask of(const LossParameters& p, int64_t row, bool nothing_wanted) {
    RowTask task;
    if (row >= p.rows) return task;
    if (p.labels != nullptr) task.label = label_of(p, row);
    task.weight = p.row_weights == nullptr ? 1.0f : p.row_weights[row];
    task.temperature = p.row_temperatures == nullptr ? p.temperature : p.row_temperatures[row];
    bool ignored = p.labels != nullptr && task.label == p.ignore_index;
    task.zero = ignored || nothing_wanted || task.weight == 0;
    task.computed = FORWARD ? !ignored && !nothing_wanted : !task.zero;
    return task;
  }
};

template <class Spec> __device__ __forceinline__ void loss_rows(const LossParameters& p) {
  using Team = typename Spec::Team;
  using Row = LossRow<Spec>;
  using R = typename Row::R;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  constexpr bool kForward = Spec::kPass != Pass::kBackward, kGradient = Spec::kPass != Pass::kForward;

  Team team;
  team.begin();
  const bool nothing_wanted = p.soft_weight == 0 && p.hard_weight == 0;
  const auto policy = make_policy<typename Spec::Policy>(p);
  typename Row::Resident resident(team, p.classes);
  auto row_at = [&](int64_t i) { return R(p.student, i * p.student_stride, p.teacher, i * p.teacher_stride, p.classes); };
  auto task_of = [&](int64_t i) { return RowTask::of<kForward>(p, i, nothing_wanted); };

  int64_t i = team.first_row();
  RowTask task = task_of(i);
  Interior there;   // of the row, already asked for
  for (; i < p.rows; i += team.row_step()) {
    // The row's logits are asked for before anything else is waited for but what says whether they are needed: the status, the
    // factors and the cluster's other blocks come while they are on their way.
    R row = row_at(i);
    if (task.computed) resident.start(row, team, there);
    there = Interior();
    const RowTask next_task = task_of(i + team.row_step());
    float* statistics = p.statistics == nullptr ? nullptr : p.statistics + i * p.statistics_stride;
    Row loss{policy, team, row, resident, 1.0f / task.temperature, int(task.label)};
    if constexpr (!kForward)
      if (task.computed) loss.restore(statistics);
    if (i == team.first_row()) {
      team.meet();
      if (refused(p.status)) {   // before anything is written
        if (task.computed) resident.wait();
        return;
      }
    }
    GradientFactors factors = {};
    if constexpr (kGradient) factors = gradient_factors(p, divisor_of(p), task.temperature, task.weight);

    if (task.computed) {
      resident.wait();
      if constexpr (kForward) {
        loss.evaluate();
        if (statistics != nullptr) loss.save(statistics);
        store_values(p, team, i, value_factor(p, task.temperature) * loss.divergence, loss.cross_entropy);
      }
      // Made here, not above: what only the gradient asks for takes no registers during the sums.
      if constexpr (kGradient)
        if (!task.zero) {
          GradientView gradient(p.gradient, i * p.gradient_stride, row.overhang, p.classes);
          R next = row_at(i + team.row_step());   // in its place while its gradient is written
          bool take = Spec::Residence::kTakesNext && next_task.computed && next.overhang == row.overhang && next.copied_whole();
          there = loss.store_gradient(gradient, factors, next, take);
        }
    } else if constexpr (kForward) {
      if (statistics != nullptr && team.index == 0)
        for (int s = 0; s < kRowStatistics; s++) statistics[s] = 0;
      store_values(p, team, i, 0, 0);
    }
    if constexpr (kGradient) {
      GradientView padded(p.gradient, i * p.gradient_stride, row.overhang, p.gradient_width);
      store_zeros(padded, team, task.zero ? 0 : p.classes);
    }
    task = next_task;
  }
}

}  // namespace temper
