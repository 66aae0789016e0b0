// The steps of a row that all loops over rows share. They do not depend on the kind of row storage.
#pragma once

#include "gradient.cuh"
#include "../divergence/all.h"  // after float_math.cuh

namespace temper {

template <class Policy> __device__ __forceinline__ Policy make_policy(const LossParameters& p) {
  return Policy::of({p.divergence_parameter, p.divergence_complement, float(p.classes)});
}

template <class ThreadGroup> __device__ __forceinline__ LaunchConstants& shared_constants() {
  return *reinterpret_cast<LaunchConstants*>(dynamic_shared() + ThreadGroup::kConstants);
}

// Returns the launch constants, which one thread of the block computes. All threads of the block must call this, even
// those without a row and those of a producer warp, because it contains a block barrier.
template <class ThreadGroup> __device__ __forceinline__ LaunchConstants launch_constants(const LossParameters& p) {
  LaunchConstants& constants = shared_constants<ThreadGroup>();
  if (threadIdx.x == 0) constants = LaunchConstants::of(p);
  __syncthreads();
  return constants;
}

__device__ __forceinline__ float* statistics_of(const LossParameters& p, int64_t row) {
  return p.statistics + row * p.statistics_stride;
}

__device__ __forceinline__ void clear_statistics(const LossParameters& p, int64_t row) {
  for (int s = 0; s < kRowStatistics; s++) statistics_of(p, row)[s] = 0;
}

// The values of a row that are stored: with the factor T^2, 0 for a part that the row lacks, and NaN for an invalid
// row.
template <class Spec, class Task>
__device__ __forceinline__ RowValues reported(const LossParameters& p, const Task& task, RowValues values) {
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

// Computes the values and the gradient of a row that contributes. `task` is a RowTask, or the RingHeader of a row in a
// ring. The other arguments are functions, called after the sums, so that their results take no registers there:
//   factors_of_row()        returns the factors of the gradient
//   fast_gradient(factors)  stores the gradient of a row on the fast path
//   view()                  returns the view of the gradient, for rows on other paths
template <class Spec, class Task, class Factors, class FastGradient, class View>
__device__ __forceinline__ void compute_row(LossRow<Spec>& loss, int64_t i, const Task& task, Factors factors_of_row,
                                            FastGradient fast_gradient, View view) {
  constexpr bool kForward = Spec::kPass != Pass::kBackward, kGradient = Spec::kPass != Pass::kForward;
  const LossParameters& p = loss.p;
  auto factors = [&] { return task.valid ? factors_of_row() : GradientFactors{not_a_number(), not_a_number()}; };
  if constexpr (Spec::kStandardise) {
    loss.standardise();
    if constexpr (!kForward) loss.restore(statistics_of(p, i));
  }
  // The values are stored before the gradient, so that they take no registers during its sweep.
  auto store = [&] {
    if constexpr (kForward) {
      if (p.statistics != nullptr) loss.save(statistics_of(p, i));
      if (loss.group.thread_rank == 0) store_values<Spec>(p, i, reported<Spec>(p, task, loss.values));
    }
  };
  bool fast;
  if constexpr (kForward)
    fast = loss.evaluate();
  else
    fast = loss.path == LossRow<Spec>::kFast;
  // Rows on the fast path and all other rows have separate code from here to the gradient (LossRow::evaluate).
  if (fast) {
    store();
    if constexpr (kGradient) fast_gradient(factors());
  } else {
    if constexpr (kForward) loss.evaluate_again();
    store();
    if constexpr (kGradient) loss.store_gradient_again(view(), factors());
  }
}

// Stores the zeros of a row: its values and gradient if the row does not contribute, and the padding of its gradient.
// An accumulated gradient stays as it is.
template <class Spec, class ThreadGroup, class Row>
__device__ __forceinline__ void finish_row(const LossParameters& p, const ThreadGroup& group, int64_t i,
                                           bool contributes, const Row& row) {
  constexpr bool kForward = Spec::kPass != Pass::kBackward, kGradient = Spec::kPass != Pass::kForward;
  if (kForward && !contributes && group.thread_rank == 0) {
    if (p.statistics != nullptr) clear_statistics(p, i);
    store_values<Spec>(p, i, RowValues());
  }
  if (kGradient && !Spec::kAccumulate && (!contributes || p.gradient_width > p.classes)) {
    RowView<typename Spec::Gradient, Row::K> padded(p.gradient, i * p.gradient_stride, row.misalignment,
                                                    p.gradient_width);
    store_zeros(padded, group, contributes ? p.classes : 0);
  }
}

}  // namespace temper
