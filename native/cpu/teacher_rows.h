// The rows of a loss whose teacher has other rows than the student, or rows that are prepared in scratch memory. Each
// row is computed with a teacher of one row, which a stride of 0 repeats.
#pragma once

#include "loss_rows.h"
#include "prepared_row.h"

namespace temper {
namespace {

template <class Policy>
void compute_teacher_rows(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int64_t last,
                          ChunkTotals& totals) {
  const LossParameters& p = job.parameters;
  bool prepared = p.teacher_form != kTeacherLogits;
  LossJob own = job;
  own.teacher.stride = 0;
  if (prepared) own.teacher = {scratch.teacher_row, 0, kF32, p.classes};
  PreparedRow teacher{job, scratch.teacher_row};
  RowScales scales(1, 1);
  for (bool known = false; first < last; first++) {
    RowTask task = load_row_task(job, first);
    if (!known) scales = scales_of(job, task);
    known = !job.row_temperatures;
    if (task.valid && task.contributes()) {
      if (prepared) {
        teacher.prepare(first, job.row_temperatures ? task.temperature : p.mixture_temperature);
        own.teacher_is_flat = teacher.is_flat;
        if (teacher.bad_mass && totals.bad_mass == 0) totals.bad_mass = ~(uint64_t)first;  // the largest of the chunk
      } else {
        own.teacher.base = address(job.teacher, task.teacher_row, 0);
      }
      if (job.row_unmapped_mass && p.pass != kBackwardPass)
        job.row_unmapped_mass[first] = teacher.unmapped_mass(first, scales.teacher_temperature);
    }
    dispatch_row(own, scratch, policy, first, task, scales, totals);
  }
}

}  // namespace
}  // namespace temper
