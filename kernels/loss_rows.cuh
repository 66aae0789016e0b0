// The loop of the loss kernel over the rows of a thread group.
#pragma once

#include "loss_gradient.cuh"
#include "divergence/all.h"  // after float_math.cuh

namespace temper {

enum class Pass { kForward, kForwardBackward, kBackward };

template <class Policy> __device__ __forceinline__ Policy make_policy(const LossParameters& p) {
  if constexpr (__is_empty(Policy))
    return Policy{};
  else
    return Policy{p.divergence_parameter, p.divergence_complement};
}

template <class ThreadGroup>
__device__ __forceinline__ void store_values(const LossParameters& p, const ThreadGroup& group, int64_t row, float soft,
                                             float hard) {
  if (group.thread_rank != 0) return;
  if (p.row_soft != nullptr) p.row_soft[row] = soft;
  if (p.row_hard != nullptr) p.row_hard[row] = hard;
}

template <class Spec> __device__ __forceinline__ void loss_rows(const LossParameters& p) {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Loss = LossRow<Spec>;
  using Row = typename Loss::Row;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  constexpr bool kForward = Spec::kPass != Pass::kBackward, kGradient = Spec::kPass != Pass::kForward;

  ThreadGroup group;
  group.begin();
  const bool no_parts = p.soft_weight == 0 && p.hard_weight == 0;
  const auto policy = make_policy<typename Spec::Policy>(p);
  typename Loss::Storage storage;
  auto row_at = [&](int64_t i) {
    return Row(p.student, i * p.student_stride, p.teacher, i * p.teacher_stride, p.classes);
  };
  auto task_of = [&](int64_t i) { return RowTask::of<kForward>(p, i, no_parts); };

  int64_t i = group.first_row();
  RowTask task = task_of(i);
  VectorRange in_flight;  // vectors of row i whose loads were issued during row i - row_step()
  for (; i < p.rows; i += group.row_step()) {
    // The loads of the logits are issued first. The check's status, the factors and the start of the other blocks of
    // the cluster are waited for while these loads are in flight.
    Row row = row_at(i);
    if (task.reads_logits) storage.load(row, group, in_flight);
    in_flight = VectorRange();
    const RowTask next_task = task_of(i + group.row_step());
    float* statistics = p.statistics == nullptr ? nullptr : p.statistics + i * p.statistics_stride;
    Loss loss{policy, group, row, storage, 1.0f / task.temperature, int(task.label)};
    if constexpr (!kForward)
      if (task.reads_logits) loss.restore(statistics);
    if (i == group.first_row()) {
      group.wait_for_cluster();
      if (has_invalid_row(p.status)) {  // nothing has been written yet
        if (task.reads_logits) storage.wait();
        return;
      }
    }
    GradientFactors factors = {};
    if constexpr (kGradient) factors = gradient_factors(p, divisor_of(p), task.temperature, task.weight);

    if (task.reads_logits) {
      storage.wait();
      if constexpr (kForward) {
        loss.evaluate();
        if (statistics != nullptr) loss.save(statistics);
        // Stored before the gradient, so that the values take no registers during its sweep.
        // The difference is 0, or NaN in a row that turned invalid after the check.
        float no_weight = task.weight - task.weight;
        store_values(p, group, i, value_factor(p, task.temperature) * loss.divergence + no_weight,
                     loss.cross_entropy + no_weight);
      }
      // `gradient` and `next` are made after the sums, so that they take no registers there.
      if constexpr (kGradient)
        if (!task.zero_gradient) {
          GradientView gradient(p.gradient, i * p.gradient_stride, row.misalignment, p.classes);
          Row next = row_at(i + group.row_step());
          bool prefetch = Spec::Storage::kPrefetches && next_task.reads_logits &&
                          next.misalignment == row.misalignment && next.can_copy_async();
          in_flight = loss.store_gradient(gradient, factors, next, prefetch);
        }
    } else if constexpr (kForward) {
      if (statistics != nullptr && group.thread_rank == 0)
        for (int s = 0; s < kRowStatistics; s++) statistics[s] = 0;
      store_values(p, group, i, 0, 0);
    }
    if constexpr (kGradient) {
      GradientView padded(p.gradient, i * p.gradient_stride, row.misalignment, p.gradient_width);
      store_zeros(padded, group, task.zero_gradient ? 0 : p.classes);
    }
    task = next_task;
  }
}

}  // namespace temper
