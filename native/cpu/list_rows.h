// The rows of a loss whose teacher is given by lists.
#pragma once

#include "list_gradient.h"
#include "loss_rows.h"

namespace temper {
namespace {

// Stores the values of a row, and adds its losses to the totals.
template <class Policy> void store_list_values(ListRow<Policy>& row, ChunkTotals& totals) {
  const LossJob& job = row.r.job;
  const LossParameters& p = job.parameters;
  const RowTask& task = row.r.task;
  int64_t i = row.r.row;
  if (job.row_student_entropy || job.row_teacher_entropy || p.soft_cross_entropy) row.evaluate_entropies();
  if (job.row_student_entropy) job.row_student_entropy[i] = row.student_entropy;
  if (job.row_teacher_entropy) job.row_teacher_entropy[i] = row.teacher_entropy;
  if (job.row_student_mass) job.row_student_mass[i] = row.student_mass;
  if (job.row_teacher_mass) job.row_teacher_mass[i] = row.teacher_mass;
  if (job.row_label_log_prob) job.row_label_log_prob[i] = row.r.label_log_prob;
  float d = p.soft_cross_entropy ? row.divergence + row.teacher_entropy : row.divergence;
  add_row_losses(job, i, task.weight, {value_factor(p, task.temperature) * d, row.r.cross_entropy}, totals);
  // A backward pass computes the row again, so that the statistics have no content.
  for (int k = 0; job.statistics && k < kRowStatistics; k++) job.statistics[i * kRowStatistics + k] = 0;
}

template <class Policy>
void compute_list_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row,
                      const RowTask& task, const RowScales& scales, ListConstants<V>& constants,
                      ChunkTotals& totals) {
  const LossParameters& p = job.parameters;
  if (!task.valid) return invalidate_row(job, row, totals);
  if (!task.contributes()) return skip_row(job, row);
  const ForwardKl<V> none = {};
  HardExp hard = task.label < 0 ? HardExp::kNone : hard_exp_of(job, (float)scales.student_temperature, true);
  ListedRow r{{job, row, false}, scratch, none, task, hard, scales};
  ListRow<Policy> loss(r, policy, constants);
  if (!loss.read_list()) return invalidate_row(job, row, totals);
  loss.evaluate();
  if (p.pass != kBackwardPass) store_list_values(loss, totals);
  if (p.pass == kForwardPass) return;
  if (!r.is_valid()) return store_nan_gradient(job, row);
  ListGradientWriter<Policy>({r, job.factors.of_row(p, task), false}, loss).write();
}

template <class Policy>
void compute_list_rows(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int64_t last,
                       ChunkTotals& totals) {
  RowScales scales(1, 1);
  ListConstants<V> constants;
  for (bool known = false; first < last; first++) {
    RowTask task = load_row_task(job, first);
    if (!known) {
      scales = RowScales(task.temperature, task.temperature);
      constants = ListRow<Policy>::constants_of(job, scales);
    }
    known = !job.row_temperatures;
    compute_list_row(job, scratch, policy, first, task, scales, constants, totals);
  }
}

}  // namespace
}  // namespace temper
