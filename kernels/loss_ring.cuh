// The loop of the loss kernel over the rows of a thread group, with row storage in a ring (row/ring_storage.cuh).
#pragma once

#include "loss_body.cuh"

namespace temper {

template <class Spec> struct RingRows {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Loss = LossRow<Spec>;
  using Row = typename Loss::Row;
  using Storage = typename Loss::Storage;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;
  static constexpr bool kGradient = Spec::kPass != Pass::kForward;

  const LossParameters& p;
  ThreadGroup& group;

  __device__ __forceinline__ Row row_at(int64_t i) const {
    return Row(p.student, i * p.student_stride, p.teacher, i * p.teacher_stride, p.classes);
  }

  __device__ __forceinline__ void produce() const {
    typename Storage::Producer producer;
    for (int64_t i = group.first_row(); i < p.rows; i += group.row_step())
      producer.fill(row_at(i), load_task(p, i), group.block_rank);
  }

  __device__ __forceinline__ void consume(const LaunchConstants& constants) const {
    const auto policy = make_policy<typename Spec::Policy>(p);
    Storage storage;
    for (int64_t i = group.first_row(); i < p.rows; i += group.row_step()) {
      const RowTask task = storage.begin();
      const Row row = row_at(i);
      auto gradient = [&] {
        return GradientView(p.gradient, i * p.gradient_stride, row.misalignment, p.classes);
      };
      bool released = false;
      if (task.contributes()) {
        Loss loss{p, policy, group, row, storage, int(task.label), task.temperature, task.valid};
        if constexpr (Spec::kPass == Pass::kBackward && !Spec::kStandardise) loss.restore(statistics_of(p, i));
        auto fast_gradient = [&](GradientFactors factors) { loss.store_gradient(gradient(), factors, row, false); };
        bool fast = compute_row<Spec>(loss, i, task, constants.factors.of_row(p, task), fast_gradient, gradient);
        released = fast && kGradient;
      }
      storage.end(released);
      finish_row<Spec>(p, group, i, task, row);
    }
  }
};

template <class Spec> __device__ __forceinline__ void ring_rows(const LossParameters& p) {
  using Rows = RingRows<Spec>;
  using ThreadGroup = typename Spec::ThreadGroup;
  ThreadGroup group;
  group.begin();
  if (threadIdx.x == 0) Rows::Storage::Producer::begin();
  const LaunchConstants constants = launch_constants<ThreadGroup>(p);  // a barrier: all threads see the mbarriers then
  group.wait_for_cluster();
  if (constants.invalid != 0) return;  // nothing has been written yet, and no copy is in flight
  Rows rows{p, group};
  if (threadIdx.x >= ThreadGroup::kThreads)
    rows.produce();
  else
    rows.consume(constants);
}

}  // namespace temper
