// The largest and smallest logit of a row in on-chip storage, for both tensors. They decide which exponentials are
// used.
#pragma once

#include "thread_group.cuh"

namespace temper {

template <bool SOFT, class Storage, class Row, class ThreadGroup>
__device__ __forceinline__ void find_extrema(Storage& storage, const Row& row, ThreadGroup& group, float (&largest)[2],
                                             float (&negated_smallest)[2]) {
  using Pair = typename Row::Pair;
  constexpr int K = Row::K;
  typename Pair::Student::Extrema student;
  typename Pair::Teacher::Extrema teacher;
  storage.for_each(row, group, row.in_bounds(), [&](const Pair& pair, int vector, bool in_bounds) {
    if (in_bounds) {
      student.add(pair.student);
      if constexpr (SOFT) teacher.add(pair.teacher);
      return;
    }
    // Elements outside the row are -inf and must not become the smallest logit.
#pragma unroll
    for (int k = 0; k < K; k++)
      if (unsigned(row.column(vector) + k) < unsigned(row.classes)) {
        student.add(Pair::Student::filled(pair.student.bits(k)));
        if constexpr (SOFT) teacher.add(Pair::Teacher::filled(pair.teacher.bits(k)));
      }
  });
  float values[4] = {student.largest(), teacher.largest(), -student.smallest(), -teacher.smallest()};
  group.template reduce<Max>(values);
  largest[0] = values[0];
  largest[1] = values[1];
  negated_smallest[0] = values[2];
  negated_smallest[1] = values[3];
}

}  // namespace temper
