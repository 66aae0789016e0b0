// The producer warp of a ring (ring_storage.cuh), which copies rows into the stages.
#pragma once

#include "ring_copies.cuh"
#include "ring_stages.cuh"

namespace temper {

template <class Stages, class Copies> struct RingProducer {
  using Row = typename Stages::Row;
  using Part = typename Stages::Part;
  using Teacher = typename Stages::Teacher;
  using Position = typename Stages::Position;
  static constexpr bool kTeacher = Stages::kTeacher;

  Position at;
  uint32_t end = Stages::ring_end();

  // Initialises the mbarriers of all stages. One thread of the block calls this.
  __device__ __forceinline__ static void begin() {
    for (Position at; at.stage != Stages::ring_end(); at.stage += Stages::kStageBytes) {
      mbarriers_init<1>(at.full(), Copies::kArrivals);
      mbarriers_init<1>(at.empty(), Stages::kThreads / 32);
    }
  }

  __device__ __forceinline__ void fill(const Row& row, const RowTask& task, GradientFactors factors,
                                       uint32_t block_rank) {
    const int lane = int(threadIdx.x % 32);
    Part part;
    if (task.contributes()) part = Part(row, block_rank, Stages::kCluster);
    const int stages = Stages::stages_of(part.count);
    for (int i = 0; i < stages; i++) {
      // The parity is that of the phase before the current one. In the first pass through the ring there is no such
      // phase, and the wait returns at once.
      mbarrier_wait(at.empty(), at.parity ^ 1);
      if (lane == 0) at.header() = {task, factors, row.misalignment, part};
      __syncwarp();
      if (i == stages - 1 && lane < part.ends) Stages::store_end(row, at.header().end_vector(lane), at, lane);
      __syncwarp();
      copy(row, part, i);
      at.advance(end);
    }
  }

 private:
  __device__ __forceinline__ void copy(const Row& row, const Part& part, int i) const {
    const int vectors = min(part.count - i * Stages::kStageVectors, Stages::kStageVectors);
    const int first = part.first + i * Stages::kStageVectors;
    StagePart parts[kTeacher ? 2 : 1];
    parts[0] = {at.at(Stages::kStudentAt), row.student.address(first), uint32_t(vectors) * 16};
    if constexpr (kTeacher) {
      const uint32_t bytes = part.teacher_shift + uint32_t(vectors) * Teacher::kBytes;
      parts[1] = {at.at(Stages::kTeacherAt),
                  reinterpret_cast<const unsigned char*>(row.teacher.address(first)) - part.teacher_shift,
                  vectors > 0 ? (bytes + 15) / 16 * 16 : 0};
    }
    Copies::fill(parts, at.full());
  }
};

}  // namespace temper
