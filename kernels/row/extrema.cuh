// The largest and the smallest logit of a row that is at hand, of both tensors: they decide on the exponentials.
#pragma once

#include "residence.cuh"
#include "team.cuh"

namespace temper {

// Columns that a group has beyond the row's ends hold no logits: they do not make a row's smallest logit -inf.
template <bool SOFT, class Resident, class R, class Team>
__device__ __forceinline__ void find_extrema(Resident& resident, const R& row, Team& team, float (&largest)[2], float (&negated_smallest)[2]) {
  using G = typename R::G;
  constexpr int K = R::K;
  typename G::Student::Extrema student;
  typename G::Teacher::Extrema teacher;
  resident.for_each(row, team, row.interior(), [&](const G& group, int number, bool inside) {
    if (inside) {
      student.add(group.student);
      if constexpr (SOFT) teacher.add(group.teacher);
      return;
    }
#pragma unroll
    for (int k = 0; k < K; k++)
      if (unsigned(row.column(number) + k) < unsigned(row.classes)) {
        student.add(G::Student::filled(group.student.bits(k)));
        if constexpr (SOFT) teacher.add(G::Teacher::filled(group.teacher.bits(k)));
      }
  });
  float values[4] = {student.largest(), teacher.largest(), -student.smallest(), -teacher.smallest()};
  team.template reduce<Max>(values);
  largest[0] = values[0];
  largest[1] = values[1];
  negated_smallest[0] = values[2];
  negated_smallest[1] = values[3];
}

}  // namespace temper
