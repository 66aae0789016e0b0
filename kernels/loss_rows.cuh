// The loop of the loss kernel over the rows of a thread group.
#pragma once

#include "loss_gradient.cuh"
#include "divergence/all.h"  // after float_math.cuh

namespace temper {

enum class Pass { kForward, kForwardBackward, kBackward };

template <class Policy> __device__ __forceinline__ Policy make_policy(const LossParameters& p) {
  return Policy::of({p.divergence_parameter, p.divergence_complement, float(p.classes)});
}

// The launch constants, computed by one thread of the block.
template <class ThreadGroup> __device__ __forceinline__ LaunchConstants launch_constants(const LossParameters& p) {
  LaunchConstants* constants = reinterpret_cast<LaunchConstants*>(dynamic_shared() + ThreadGroup::kConstants);
  static_assert(sizeof(LaunchConstants) <= kConstantsBytes, "the shared memory has room for kConstantsBytes");
  if (threadIdx.x == 0) *constants = LaunchConstants::of(p);
  __syncthreads();
  return *constants;
}

// The values of a row as they are reported. Those of a row that turned invalid after the check are NaN.
template <class Spec>
__device__ __forceinline__ RowValues reported(const LossParameters& p, const RowTask& task, RowValues values) {
  float invalid = task.valid ? 0.0f : not_a_number();
  values.soft = value_factor(p, task.temperature) * values.soft + invalid;
  values.hard = (task.label < 0 || p.hard_weight == 0 ? 0.0f : values.hard) + invalid;
  values.temperature_gradient += invalid;
  values.label_log_prob = (task.label < 0 ? 0.0f : values.label_log_prob) + invalid;
  return values;
}

template <class Spec>
__device__ __forceinline__ void store_values(const LossParameters& p, int64_t row, const RowValues& values) {
  if (p.row_soft != nullptr) p.row_soft[row] = values.soft;
  if (p.row_hard != nullptr) p.row_hard[row] = values.hard;
  if (Spec::kHard && p.row_label_log_prob != nullptr) p.row_label_log_prob[row] = values.label_log_prob;
  if (Spec::kEntropies && p.row_student_entropy != nullptr) p.row_student_entropy[row] = values.student_entropy;
  if (Spec::kEntropies && p.row_teacher_entropy != nullptr) p.row_teacher_entropy[row] = values.teacher_entropy;
  if (Spec::kTemperatureGradient) p.row_temperature_gradient[row] = values.temperature_gradient;
}

template <class Spec> __device__ __forceinline__ void loss_rows(const LossParameters& p) {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Loss = LossRow<Spec>;
  using Row = typename Loss::Row;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  constexpr bool kForward = Spec::kPass != Pass::kBackward, kGradient = Spec::kPass != Pass::kForward;

  ThreadGroup group;
  group.begin();
  const auto policy = make_policy<typename Spec::Policy>(p);
  typename Loss::Storage storage;
  auto row_at = [&](int64_t i) {
    return Row(p.student, i * p.student_stride, p.teacher, i * p.teacher_stride, p.classes);
  };

  int64_t i = group.first_row();
  RowTask task = load_task(p, i);
  LaunchConstants constants = {};
  VectorRange in_flight;  // vectors of row i whose loads were issued during row i - row_step()
  for (bool first = true; first || i < p.rows; i += group.row_step()) {
    // The loads of the logits are issued first. The launch constants and the start of the other blocks of the cluster
    // are waited for while these loads are in flight.
    Row row = row_at(i);
    if (task.contributes()) storage.load(row, group, in_flight);
    in_flight = VectorRange();
    const RowTask next_task = load_task(p, i + group.row_step());
    float* statistics = p.statistics == nullptr ? nullptr : p.statistics + i * p.statistics_stride;
    Loss loss{p, policy, group, row, storage, int(task.label), task.temperature, task.valid};
    if constexpr (!kForward)
      if (task.contributes() && !Spec::kStandardise) loss.restore(statistics);
    if (first) {  // all threads of a block pass here, also those without a row
      first = false;
      group.wait_for_cluster();
      constants = launch_constants<ThreadGroup>(p);
      if (constants.invalid != 0 || i >= p.rows) {  // nothing has been written yet
        if (task.contributes()) storage.wait();
        return;
      }
    }
    GradientFactors factors = {};
    if constexpr (kGradient) {
      factors = constants.factors.of_row(p, task);
      if (!task.valid) factors = {not_a_number(), not_a_number()};
    }

    if (task.contributes()) {
      storage.wait();
      if constexpr (Spec::kStandardise) {
        loss.standardise();
        if constexpr (!kForward) loss.restore(statistics);
      }
      if constexpr (kForward) {
        loss.evaluate();
        if (statistics != nullptr) loss.save(statistics);
        // Stored before the gradient, so that the values take no registers during its sweep.
        if (group.thread_rank == 0) store_values<Spec>(p, i, reported<Spec>(p, task, loss.values));
      }
      // `gradient` and `next` are made after the sums, so that they take no registers there.
      if constexpr (kGradient) {
        GradientView gradient(p.gradient, i * p.gradient_stride, row.misalignment, p.classes);
        Row next = row_at(i + group.row_step());
        bool prefetch = Spec::Storage::kPrefetches && next_task.contributes() &&
                        next.misalignment == row.misalignment && next.can_copy_async();
        in_flight = loss.store_gradient(gradient, factors, next, prefetch);
      }
    } else if (kForward && group.thread_rank == 0) {
      if (statistics != nullptr)
        for (int s = 0; s < kRowStatistics; s++) statistics[s] = 0;
      store_values<Spec>(p, i, RowValues());
    }
    if constexpr (kGradient && !Spec::kAccumulate) {
      GradientView padded(p.gradient, i * p.gradient_stride, row.misalignment, p.gradient_width);
      store_zeros(padded, group, task.contributes() ? p.classes : 0);
    }
    task = next_task;
  }
}

}  // namespace temper
