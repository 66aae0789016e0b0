// The two loops of the loss kernel over the rows of a thread group with row storage in a ring (row/ring_storage.cuh):
// the loop of the producer warp, and the loop of the consumers.
#pragma once

#include "../single_launch.cuh"

namespace temper {

template <class Spec> struct RingRows {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Loss = LossRow<Spec>;
  using Row = typename Loss::Row;
  using Storage = typename Loss::Storage;
  using GradientView = RowView<typename Spec::Gradient, Row::K>;

  const LossParameters& p;
  ThreadGroup& group;

  __device__ __forceinline__ void produce(const LaunchConstants& constants) const {
    typename Storage::Producer producer;
    for (int64_t i = group.first_row(); i < p.rows; i += group.row_step()) {
      const RowTask task = load_task(p, i);
      const Row row(p.student, i * p.student_stride, p.teacher, task.teacher_row * p.teacher_stride, p.classes);
      producer.fill(row, task, constants.factors.of_row(p, task), group.block_rank);
    }
    producer.finish();
  }

  __device__ __forceinline__ void consume() const {
    const auto policy = make_policy<typename Spec::Policy>(p);
    Storage storage;
    for (int64_t i = group.first_row(); i < p.rows; i += group.row_step()) {
      const RingHeader& header = storage.begin_row();
      const Row row(header.misalignment, p.classes);
      auto gradient = [&] {
        return GradientView(p.gradient, i * p.gradient_stride, row.misalignment, p.classes);
      };
      bool released = false;
      const bool contributes = header.contributes();
      if (contributes) {
        Loss loss{p, policy, group, row, storage, header.label, header.temperature, header.valid != 0,
                  header.inverse_temperature};
        if constexpr (Spec::kPass == Pass::kBackward) loss.restore(statistics_of(p, i));
        auto fast_gradient = [&](GradientFactors factors) {
          loss.store_gradient(gradient(), factors, row, false);
          released = true;
        };
        compute_row<Spec>(loss, i, header, [&] { return header.factors; }, fast_gradient, gradient);
      }
      storage.end_row(released);
      finish_row<Spec>(p, group, i, contributes, row);
    }
  }
};

template <class Spec> __device__ __forceinline__ void ring_rows(const LossParameters& p) {
  using Rows = RingRows<Spec>;
  using ThreadGroup = typename Spec::ThreadGroup;
  ThreadGroup group;
  group.begin();
  if (threadIdx.x == 0) Rows::Storage::Producer::begin();
  const SingleLaunch<Spec> launch{p};
  launch.check(group);
  // An mbarrier could be used before its initialisation is visible. The block barrier in constants() prevents that.
  const LaunchConstants constants = launch.constants();
  group.wait_for_cluster();
  if (constants.invalid == 0) {  // otherwise nothing is written, and no copy is in flight
    Rows rows{p, group};
    if (threadIdx.x >= ThreadGroup::kThreads)
      rows.produce(constants);
    else
      rows.consume();
  }
  launch.end();
}

}  // namespace temper
