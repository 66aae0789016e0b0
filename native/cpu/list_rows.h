// The rows of a loss whose teacher is given by lists: their values, their gradients and the check of their lists.
#pragma once

#include "list_row.h"
#include "loss_rows.h"

namespace temper {
namespace {

// The gradient of one row.
template <class Policy> struct ListGradientWriter : RowGradientWriter<ForwardKl<V>, false> {
  typedef RowGradientWriter<ForwardKl<V>, false> Base;

  const ListRow<Policy>& loss;
  float rest_factor = loss.rest_factor();

  void write() {
    alignas(64) float listed[kListRoom], out[kBlock + kLanes];
    compute_listed(listed);
    for (int from = 0, block = 0; from < r.classes(); from += kBlock, block++) {
      int n = r.block_length(from);
      compute_block(from, block, out);
      float* row = out - from;
      const int* place = loss.list.place;
      loss.listed.for_block(block, [=, &listed](int64_t i) { row[place[i]] = listed[i]; });
      Base::finish_block(from, n, out);
    }
    if (p.accumulate == 0) store_zeros(r.job.gradient, r.row, r.classes());
  }

 private:
  // Computes the gradient of the listed classes.
  void compute_listed(float* listed) const {
    V soft = splat(factors.soft), hard_scale = splat(softmax_factor * r.hard_inverse_sum);
    with_hard_exp(r.hard, [&](auto tag) {
      constexpr HardExp hard = decltype(tag)::kValue;
      for (int i = 0; i < loss.list.padded_count(); i += kLanes) {
        V z = load(loss.list.z + i), g = soft * loss.gradient_at(i);
        if (loss.infinite) g = limit_at(z, load(loss.list.l + i));
        if constexpr (hard == HardExp::kSeparate)
          g = fma(r.scales.untempered(z - shift_of(r.student_max)), hard_scale, g);
        else if constexpr (hard != HardExp::kNone)
          g = fma(hard_exp<hard>(load(loss.student_exp + i), nullptr), hard_scale, g);
        temper::store(g, listed + i);
      }
    });
  }

  // The limit of the gradient where D is +inf, because the teacher lacks a class. It is selected before the
  // multiplication, because a factor of 0 times infinity is NaN.
  V limit_at(V z, V l) const {
    V size = splat(factors.soft == 0 ? 0.0f : factors.soft * kInfinity);
    return select(z == -kInfinity, V{}, select(l == -kInfinity, size, -size));
  }

  // Computes the gradient of a block's classes without a slot. write() replaces that of the listed classes.
  void compute_block(int from, int block, float* out) const {
    int n = r.padded_length(r.block_length(from));
    BlockExponentials in = r.exponentials(from);
    float shift = r.scratch.student_shift[block];
    float to_rest = shift == loss.rest_max ? 1 : first_lane(r.scales.student(splat(shift - loss.rest_max)));
    V soft = splat(rest_factor == 0 || shift == -kInfinity ? 0.0f : factors.soft * rest_factor * to_rest);
    V hard_scale = splat(Base::block_factors(block).hard_factor);
    with_hard_exp(r.hard, [&](auto tag) {
      for (int i = 0; i < n; i += kLanes) {
        V es = load(in.student + i);
        temper::store(add_hard<decltype(tag)::kValue>(es * soft, es, in, i, hard_scale), out + i);
      }
    });
    if (loss.infinite && loss.has_bucket) add_limit(from, out);
  }

  TEMPER_RARE void add_limit(int from, float* out) const {
    alignas(64) float buffer[kBlock];
    int n = r.block_length(from);
    V tail = splat(loss.log_tail);
    r.for_parts(r.student_block(from, n, buffer), r.student_block(from, n, buffer), n,
                [&](const float* z, const float*, int i, int part) {
                  for (int k = 0; k < part; k += kLanes)
                    temper::store(load(out + i + k) + limit_at(load(z + k), tail), out + i + k);
                });
  }
};

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
  Row<ForwardKl<V>, false> r{{job, row, false}, scratch, none, task, hard, scales};
  ListRow<Policy> loss(r, policy, constants);
  if (!loss.read_list()) return invalidate_row(job, row, totals);
  loss.evaluate();
  if (p.pass != kBackwardPass) store_list_values(loss, totals);
  if (p.pass == kForwardPass) return;
  if (!r.is_valid()) return store_nan_gradient(job, row);
  ListGradientWriter<Policy>{{r, job.factors.of_row(p, task), false}, loss}.write();
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
