// The loop of the loss kernel over the rows of a thread group, for teachers that are given by lists.
#pragma once

#include "../loss/rows.cuh"
#include "list_gradient.cuh"

namespace temper {

template <class Spec> __device__ __forceinline__ void list_rows(const LossParameters& p) {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Loss = ListLossRow<Spec>;
  using Row = typename Loss::Row;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  constexpr bool kForward = Spec::kPass != Pass::kBackward, kGradient = Spec::kPass != Pass::kForward;

  ThreadGroup group;
  group.begin();
  const auto policy = make_policy<typename Spec::Policy>(p);
  typename Loss::Storage storage;
  ListMask<ThreadGroup> mask(p.list_mask_offset, (p.classes + 2 * (Row::K - 1)) / Row::K);
  group.wait_for_cluster();
  const LaunchConstants constants = launch_constants<ThreadGroup>(p);  // its barrier follows the clearing of all masks
  if (constants.invalid != 0) return;

  for (int64_t i = group.first_row(); i < p.rows; i += group.row_step()) {
    const RowTask task = load_task(p, i);
    Row row(p.student, i * p.student_stride, p.student, 0, p.classes);
    GradientView gradient(p.gradient, kGradient ? i * p.gradient_stride : 0, row.misalignment, p.classes);
    if (task.contributes()) {
      storage.load(row, group);
      Loss loss{p, policy, group, row, storage, mask, {p, i}, int(task.label), task.temperature, task.valid};
      loss.mark();
      storage.wait();
      loss.evaluate();
      if (kForward && group.thread_rank == 0) {
        if (p.statistics != nullptr) clear_statistics(p, i);  // a backward pass computes the row again
        store_values<Spec>(p, i, reported<Spec>(p, task, loss.values));
        loss.store_values(i);
      }
      if constexpr (kGradient) {
        GradientFactors factors = constants.factors.of_row(p, task);
        if (!task.valid) factors = {not_a_number(), not_a_number()};
        loss.store_gradient(gradient, factors);
      }
      loss.unmark();
    } else if (kForward && group.thread_rank == 0) {
      if (p.row_student_mass != nullptr) p.row_student_mass[i] = 0;
      if (p.row_teacher_mass != nullptr) p.row_teacher_mass[i] = 0;
    }
    finish_row<Spec>(p, group, i, task.contributes(), row);
  }
}

}  // namespace temper
