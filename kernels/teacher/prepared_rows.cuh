// The loop of the loss kernel over the rows of a thread group, for teachers whose rows are prepared.
#pragma once

#include "../loss/rows.cuh"
#include "prepared.cuh"

namespace temper {

template <class Spec> __device__ __forceinline__ void prepared_rows(const LossParameters& p) {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Loss = LossRow<Spec>;
  using Row = typename Loss::Row;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  constexpr bool kForward = Spec::kPass != Pass::kBackward;

  ThreadGroup group;
  group.begin();
  const auto policy = make_policy<typename Spec::Policy>(p);
  typename Loss::Storage storage;
  group.wait_for_cluster();
  const LaunchConstants constants = launch_constants<ThreadGroup>(p);
  if (constants.invalid != 0) return;

  for (int64_t i = group.first_row(); i < p.rows; i += group.row_step()) {
    const RowTask task = load_task(p, i);
    PreparedRow teacher{p, i};
    if (task.contributes()) teacher.template prepare<Spec::kStandardise>(group, task.temperature);
    Row row(p.student, i * p.student_stride, &teacher, 0, p.classes);
    float unmapped = 0;
    if (task.contributes()) {
      storage.load(row, group);
      Loss loss{p, policy, group, row, storage, int(task.label), task.temperature, task.valid};
      if constexpr (!kForward && !Spec::kStandardise) loss.restore(statistics_of(p, i));
      if (kForward && p.row_unmapped_mass != nullptr)
        unmapped = teacher.unmapped_mass(group, p.row_temperatures == nullptr ? p.teacher_temperature
                                                                              : task.temperature);
      storage.wait();
      auto gradient = [&] { return GradientView(p.gradient, i * p.gradient_stride, row.misalignment, p.classes); };
      auto fast_gradient = [&](GradientFactors factors) { loss.store_gradient(gradient(), factors, row, false); };
      auto factors = [&] { return constants.factors.of_row(p, task); };
      compute_row<Spec>(loss, i, task, factors, fast_gradient, gradient);
    }
    if (kForward && p.row_unmapped_mass != nullptr && group.thread_rank == 0)
      p.row_unmapped_mass[i] = unmapped + (task.valid ? 0.0f : not_a_number());
    finish_row<Spec>(p, group, i, task.contributes(), row);
  }
}

}  // namespace temper
