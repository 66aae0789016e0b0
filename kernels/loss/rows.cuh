// The loop of the loss kernel over the rows of a thread group.
#pragma once

#include "../single_launch.cuh"

namespace temper {

template <class Spec> __device__ __forceinline__ void loss_rows(const LossParameters& p) {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Loss = LossRow<Spec>;
  using Row = typename Loss::Row;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  constexpr bool kPrefetches = Spec::Storage::kPrefetches;

  ThreadGroup group;
  group.begin();
  const SingleLaunch<Spec> launch{p};
  launch.check(group);
  const auto policy = make_policy<typename Spec::Policy>(p);
  typename Loss::Storage storage;
  auto row_at = [&](int64_t i, const RowTask& task) {
    return Row(p.student, i * p.student_stride, p.teacher, task.teacher_row * p.teacher_stride, p.classes);
  };

  int64_t i = group.first_row();
  RowTask task = load_task(p, i);
  LaunchConstants constants = {};
  VectorRange in_flight;  // vectors of row i whose loads were issued during row i - row_step()
  for (bool first = true;;) {
    // The loads of the logits are issued first. While they are in flight, the threads wait for the other blocks of the
    // cluster to start, and for the launch constants.
    Row row = row_at(i, task);
    if (task.contributes()) storage.load(row, group, in_flight);
    in_flight = VectorRange();
    RowTask next_task;
    if constexpr (kPrefetches) next_task = load_task(p, i + group.row_step());
    Loss loss{p, policy, group, row, storage, int(task.label), task.temperature, task.valid};
    if constexpr (Spec::kPass == Pass::kBackward && !Spec::kStandardise)
      if (task.contributes()) loss.restore(statistics_of(p, i));
    if (first) {  // reached by all threads of a block, also those without a row, because of the barriers
      first = false;
      group.wait_for_cluster();
      constants = launch.constants();
      if (constants.invalid != 0 || i >= p.rows) {  // nothing is written; no copy may be in flight at the exit
        if (task.contributes()) storage.wait();
        break;
      }
    }
    if (task.contributes()) {
      storage.wait();
      auto gradient = [&] { return GradientView(p.gradient, i * p.gradient_stride, row.misalignment, p.classes); };
      auto fast_gradient = [&](GradientFactors factors) {
        Row next = row_at(i + group.row_step(), next_task);
        bool prefetch = kPrefetches && next_task.contributes() && next.misalignment == row.misalignment &&
                        next.can_copy_async();
        in_flight = loss.store_gradient(gradient(), factors, next, prefetch);
      };
      auto factors = [&] { return constants.factors.of_row(p, task); };
      compute_row<Spec>(loss, i, task, factors, fast_gradient, gradient);
    }
    finish_row<Spec>(p, group, i, task.contributes(), row);
    i += group.row_step();
    if (i >= p.rows) break;
    task = kPrefetches ? next_task : load_task(p, i);
  }
  launch.end();
}

}  // namespace temper
