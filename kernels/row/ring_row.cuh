// What producer and consumers of a ring (ring_storage.cuh) have in common: the part of a row that a block computes, and
// the header in which the producer passes the constants of a row to the consumers.
//
// The copies into a ring move granules: 16 aligned bytes each. Most vectors of a row are copied in granules. The others
// are the ends: a few vectors at both ends of the row, which the producer loads element by element.
#pragma once

#include "../row_inputs.cuh"
#include "vectorised_row.cuh"

namespace temper {

template <class Row> struct RingPart;

// What the consumers of a row need besides its logits, computed once by the producer. Every stage of the row has a
// copy, so that consumers read these values from shared memory when they need them and keep none in registers.
struct alignas(16) RingHeader {
  int32_t label;
  float temperature, inverse_temperature;
  uint8_t contributing, valid, misalignment, teacher_shift;
  GradientFactors factors;  // of this row
  int32_t first, count;     // these and the rest as in RingPart
  int32_t behind;
  uint8_t front, ends;

  RingHeader() = default;
  template <class Row>
  __device__ __forceinline__ RingHeader(const RowTask& task, GradientFactors factors, int misalignment,
                                        const RingPart<Row>& part)
      : label(int32_t(task.label)),
        temperature(task.temperature),
        inverse_temperature(rounded_reciprocal(task.temperature)),
        contributing(task.contributes() ? 1 : 0),
        valid(task.valid ? 1 : 0),
        misalignment(uint8_t(misalignment)),
        teacher_shift(uint8_t(part.teacher_shift)),
        factors(factors),
        first(part.first),
        count(part.count),
        behind(part.behind),
        front(uint8_t(part.front)),
        ends(uint8_t(part.ends)) {}

  __device__ __forceinline__ bool contributes() const { return contributing != 0; }

  // The vector of an end. Ends are numbered from the front of the row to its back.
  __device__ __forceinline__ int end_vector(int end) const { return end < front ? end : behind + end - front; }

  // The number of a vector among the ends, or -1 for a vector that is copied in granules.
  __device__ __forceinline__ int end_of(int vector) const {
    return vector < front ? vector : vector >= behind ? vector - behind + front : -1;
  }
};

// Which vectors of a row are copied in granules, and which of these belong to the block.
template <class Row> struct RingPart {
  using Teacher = typename Row::Pair::Teacher;
  static constexpr bool kTeacher = Row::Pair::kTeacher;
  // The largest number of ends of a row: at each end of it one vector that is out of bounds, and the vectors that share
  // a granule of the teacher with memory outside the row.
  static constexpr int kEnds = kTeacher && Teacher::kBytes < 16 ? 6 : 4;

  int first = 0, count = 0;   // the block copies the vectors [first, first + count)
  int front = 0, behind = 0;  // all blocks together copy the vectors [front, behind)
  int ends = 0;               // number of ends, all of which belong to the first block of a cluster; 0 in other blocks
  uint32_t teacher_shift = 0;  // bytes between the start of a granule and the teacher's vector `first`

  __device__ __forceinline__ RingPart() {}

  // A vector is copied in granules if it is in bounds and all granules with its teacher lie in the teacher's row. Each
  // block of a cluster copies consecutive vectors.
  __device__ __forceinline__ RingPart(const Row& row, uint32_t block_rank, int cluster) {
    VectorRange in_bounds = row.in_bounds();
    front = in_bounds.first;
    behind = max(in_bounds.end, in_bounds.first);
    if constexpr (kTeacher) {
      auto address = [&](int vector) { return reinterpret_cast<uintptr_t>(row.teacher.address(vector)); };
      uintptr_t begin = reinterpret_cast<uintptr_t>(row.teacher.origin + row.misalignment);
      uintptr_t end = reinterpret_cast<uintptr_t>(row.teacher.origin + row.misalignment + row.classes);
      constexpr int kTries = Teacher::kBytes < 16 ? 2 : 1;
#pragma unroll
      for (int i = 0; i < kTries; i++) {
        if ((address(front) & ~uintptr_t(15)) < begin) front++;
        if (((address(behind) + 15) & ~uintptr_t(15)) > end) behind--;
      }
      behind = max(behind, front);
      teacher_shift = uint32_t(address(front)) & 15;
    }
    // The number of vectors is even, so that the parts of all blocks have the same teacher_shift.
    int most = behind - front;
    if (cluster > 1) most = (most + 2 * cluster - 1) / (2 * cluster) * 2;
    ends = block_rank == 0 ? front + row.vectors - behind : 0;
    first = front + int(block_rank) * most;
    count = max(min(most, behind - first), 0);
  }
};

}  // namespace temper
