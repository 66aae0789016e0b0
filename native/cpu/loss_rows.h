// The loss of a chunk of rows: skipped rows, the choice between tiles and single rows, and the sums for the totals.
#pragma once

#include "row_statistics.h"
#include "row_temperature.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

TEMPER_INLINE bool finite(double a) { return a - a == 0; }

// The losses of a row before weights, in nats.
struct RowLosses {
  float soft, hard;
};

// Writes the row's losses and adds them to the totals. The weights of the soft and hard part are applied to the totals
// later.
TEMPER_INLINE void add_row_losses(const LossJob& job, int64_t row, float weight, RowLosses losses,
                                  ChunkTotals& totals) {
  const LossParameters& p = job.parameters;
  if (job.row_soft) job.row_soft[row] = losses.soft;
  if (job.row_hard) job.row_hard[row] = losses.hard;
  double soft = p.soft_weight > 0 ? (double)losses.soft * weight : 0;
  double hard = p.hard_weight > 0 ? (double)losses.hard * weight : 0;
  totals.soft += soft;
  totals.hard += hard;
  totals.non_finite += !finite(soft + hard);
}

// Sets all row outputs and statistics of a row to `value`, except for the path in the statistics, which becomes 0.
void fill_values(const LossJob& job, int64_t row, float value) {
  UnalignedFloat* outputs[] = {job.row_soft, job.row_hard, job.row_label_log_prob, job.row_student_entropy,
                               job.row_teacher_entropy, job.row_student_mass, job.row_teacher_mass,
                               job.row_unmapped_mass};
  for (UnalignedFloat* values : outputs)
    if (values) values[row] = value;
  for (int i = 0; job.statistics && i < kRowStatistics; i++) job.statistics[row * kRowStatistics + i] = value;
  if (job.statistics) job.statistics[row * kRowStatistics + kPath] = 0;
}

// Writes zeros for a row that does not contribute. An accumulated gradient is not changed.
void skip_row(const LossJob& job, int64_t row) {
  const LossParameters& p = job.parameters;
  if (p.pass != kBackwardPass) fill_values(job, row, 0.0f);
  if (p.pass != kForwardPass && p.accumulate == 0) store_zeros(job.gradient, row, 0);
}

// Writes the gradient of a row without a softmax.
void store_nan_gradient(const LossJob& job, int64_t row) {
  store_nan(job.gradient, row, job.parameters.classes);
  if (job.parameters.accumulate == 0) store_zeros(job.gradient, row, job.parameters.classes);
}

// Writes NaN for an invalid row. The row is counted as non-finite, and the totals become NaN.
void invalidate_row(const LossJob& job, int64_t row, ChunkTotals& totals) {
  const LossParameters& p = job.parameters;
  const float nan = __builtin_nanf("");
  totals.non_finite++;
  totals.soft += p.soft_weight > 0 ? nan : 0;
  totals.hard += p.hard_weight > 0 ? nan : 0;
  totals.temperature_gradient += nan;
  if (p.pass != kBackwardPass) fill_values(job, row, nan);
  if (p.pass != kForwardPass) store_nan_gradient(job, row);
}

// Returns how the hard part of a row obtains its exponentials. `reuse`: it may use those of the soft part.
TEMPER_INLINE HardExp hard_exp_of(const LossJob& job, float temperature, bool reuse) {
  if (!job.hard()) return HardExp::kNone;
  if (!job.soft()) return HardExp::kSame;
  if (reuse && temperature == 1) return HardExp::kSame;
  if (reuse && temperature == 2) return HardExp::kSquared;
  if (reuse && temperature == 4) return HardExp::kFourthPower;
  return HardExp::kSeparate;
}

// Returns the scales of rows at one temperature. With row temperatures the teacher has the temperature of the row,
// unless its values have a temperature already.
TEMPER_INLINE RowScales scales_of(const LossJob& job, const RowTask& task) {
  const LossParameters& p = job.parameters;
  double temperature = soft_temperature(job, task);
  bool teacher_differs = (!job.row_temperatures || is_at_temperature(p)) && job.soft() && p.tempered != 0;
  return {temperature, teacher_differs ? p.teacher_temperature : temperature};
}

// Evaluates a row, or restores it from its statistics, and stores its outputs.
template <class Policy, bool soft>
void complete_row(Row<Policy, soft>& r, GradientFactors factors, ChunkTotals& totals) {
  const LossJob& job = r.job;
  const LossParameters& p = job.parameters;
  const RowTask& task = r.task;
  int64_t row = r.row;
  UnalignedFloat* statistics = job.statistics ? job.statistics + row * kRowStatistics : nullptr;
  if (p.pass == kBackwardPass) {
    restore(r, statistics);
  } else {
    r.evaluate(p.pass == kForwardBackwardPass);
    bool entropies = job.row_student_entropy || job.row_teacher_entropy || (soft && p.soft_cross_entropy);
    if (entropies) r.evaluate_entropies();
    if (job.row_student_entropy) job.row_student_entropy[row] = r.student_entropy;
    if (job.row_teacher_entropy) job.row_teacher_entropy[row] = r.teacher_entropy;
    if (job.row_label_log_prob) job.row_label_log_prob[row] = r.label_log_prob;
    float d = soft && p.soft_cross_entropy && !r.is_flat ? r.divergence + r.teacher_entropy : r.divergence;
    add_row_losses(job, row, task.weight, {value_factor(p, task.temperature) * d, r.cross_entropy}, totals);
    if constexpr (soft && kHasTemperatureGradient<Policy>)
      if (p.temperature_gradient != kNoTemperatureGradient)
        totals.temperature_gradient += task.weight * temperature_gradient(r, d);
    if (statistics) save(r, statistics);
  }
  if (p.pass == kForwardPass) return;
  if (!r.is_valid()) return store_nan_gradient(job, row);
  RowGradientWriter<Policy, soft>{r, factors, p.pass == kBackwardPass}.store();
}

// Computes a row with standardised logits. Its soft part is 0 if all logits of a tensor are equal.
template <class Policy>
TEMPER_RARE void compute_standardised_row(const Row<Policy, true>& plain, ChunkTotals& totals) {
  Standardisation student, teacher;
  plain.find_moments(student, teacher);
  bool mixed = is_at_temperature(plain.parameters);  // the teachers of a mixture have been standardised
  bool teacher_spread = mixed ? !plain.job.teacher_is_flat : teacher.is_spread();
  bool spread = student.is_spread() && teacher_spread;
  double s = student.is_spread() ? student.divisor() : 1, t = teacher_spread && !mixed ? teacher.divisor() : 1;
  RowScales scales(plain.scales.student_temperature * s, plain.scales.teacher_temperature * t);
  Row<Policy, true> r{{plain.job, plain.row, true}, plain.scratch, plain.policy, plain.task, plain.hard, scales};
  GradientFactors factors = plain.job.factors.of_row(plain.parameters, plain.task);
  if (spread) r.standardisation = &student;
  else r.is_flat = true, factors.soft = 0;
  complete_row(r, factors, totals);
}

template <class Policy, bool soft>
void compute_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row, const RowTask& task,
                 const RowScales& scales, ChunkTotals& totals) {
  const LossParameters& p = job.parameters;
  bool reuse = scales.student_temperature == scales.teacher_temperature && !p.standardise;
  HardExp hard = task.label < 0 ? HardExp::kNone : hard_exp_of(job, (float)scales.student_temperature, reuse);
  Row<Policy, soft> r{{job, row, soft}, scratch, policy, task, hard, scales};
  if constexpr (soft && Policy::kValue != ValueForm::kLogits)
    if (p.standardise) return compute_standardised_row(r, totals);
  complete_row(r, job.factors.of_row(p, task), totals);
}
template <class Policy>
void dispatch_row(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t row, const RowTask& task,
                  const RowScales& scales, ChunkTotals& totals) {
  if (!task.valid) return invalidate_row(job, row, totals);
  if (!task.contributes()) return skip_row(job, row);
  if (job.soft()) compute_row<Policy, true>(job, scratch, policy, row, task, scales, totals);
  else compute_row<ForwardKl<V>, false>(job, scratch, {}, row, task, scales, totals);
}

// Computes at most kLanes short rows.
template <class Policy, bool soft, HardExp hard>
void compute_tile(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int rows,
                  ChunkTotals& totals) {
  const LossParameters& p = job.parameters;
  int classes = p.classes;
  Tile z, u, hard_tile, ratios;
  TileInputs inputs;
  TileResults<Policy> results = {};
  Exponential tempered(1.0);
  load_tile_inputs(job, first, rows, inputs, tempered);
  prefetch_rows(job.student, first + kPrefetchRows, p.rows, classes);
  if constexpr (soft) prefetch_rows(job.teacher, first + kPrefetchRows, p.rows, classes);
  bool backward = p.pass == kForwardBackwardPass;
  if (backward) prefetch_rows(job.gradient, first + kPrefetchRows, p.rows, classes);
  z.load_rows(job.student, first, rows, classes);
  if constexpr (soft) u.load_rows(job.teacher, first, rows, classes);
  evaluate_tile<Policy, soft, hard>(policy, tempered, inputs, classes, z, u, hard_tile, ratios, results);
  if (backward) {
    gradient_tile<Policy, soft, hard>(policy, tempered, inputs, results, classes, z, u, hard_tile, ratios);
    z.store_rows(job.gradient, first, rows, classes, results.tile_path);
  }
  for (int lane = 0; lane < rows; lane++) {
    int64_t row = first + lane;
    if (!results.tile_path[lane]) {
      RowTask task = lane_task(job, inputs, lane);
      dispatch_row(job, scratch, policy, row, task, scales_of(job, task), totals);
      continue;
    }
    add_row_losses(job, row, inputs.weight[lane],
                   {inputs.value_factor[lane] * results.sums[0][lane], results.cross_entropy[lane]}, totals);
    if (job.statistics) save_lane(results, lane, job.statistics + row * kRowStatistics);
  }
}

// Whether tiles can compute the loss, because it has none of its rarer options. The result is the same for all rows of
// a call.
TEMPER_INLINE bool tiles_suffice(const LossJob& job) {
  const LossParameters& p = job.parameters;
  bool outputs = job.row_label_log_prob || job.row_student_entropy || job.row_teacher_entropy;
  bool options = p.label_smoothing > 0 || p.z_loss > 0 || p.student_softcap > 0 || p.teacher_softcap > 0 ||
                 p.accumulate || p.standardise || p.soft_cross_entropy || p.temperature_gradient ||
                 p.teacher_temperature != p.temperature;
  return p.classes <= kShortRowClasses && p.pass != kBackwardPass && !outputs && !options;
}

// If rows have temperatures of their own, the hard part reuses exponentials in no row. Reuse in only those tiles whose
// rows all have T = 2 would make the bits of a row depend on its neighbours.
template <class Policy>
void compute_tiles(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int64_t last,
                   ChunkTotals& totals) {
  for (; first < last; first += kLanes) {
    int rows = last - first < kLanes ? (int)(last - first) : kLanes;
    if (!job.soft()) {
      compute_tile<ForwardKl<V>, false, HardExp::kSame>(job, scratch, {}, first, rows, totals);
      continue;
    }
    with_hard_exp(hard_exp_of(job, job.parameters.temperature, job.row_temperatures == nullptr), [&](auto tag) {
      compute_tile<Policy, true, decltype(tag)::kValue>(job, scratch, policy, first, rows, totals);
    });
  }
}

// Defined in list_rows.h.
template <class Policy>
void compute_list_rows(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int64_t last,
                       ChunkTotals& totals);

// Defined in teacher_rows.h.
template <class Policy>
void compute_teacher_rows(const LossJob& job, const Scratch& scratch, const Policy& policy, int64_t first, int64_t last,
                          ChunkTotals& totals);

template <class Policy>
void compute_rows(const LossJob& job, const Scratch& scratch, int64_t first, int64_t last, ChunkTotals& totals) {
  const LossParameters& p = job.parameters;
  const Policy policy = Policy::of({p.divergence_parameter, p.divergence_complement, (float)p.classes});
  if constexpr (kKnownForLists<Policy>)
    if (p.teacher_ids != nullptr) return compute_list_rows(job, scratch, policy, first, last, totals);
  if (p.teacher_form != kTeacherLogits || p.teacher_row_index != nullptr)
    return compute_teacher_rows(job, scratch, policy, first, last, totals);
  if constexpr (Policy::kValue != ValueForm::kLogits && Policy::kGradient != GradientForm::kElementwise &&
                !Policy::kSeparateLabel)
    if (tiles_suffice(job)) return compute_tiles(job, scratch, policy, first, last, totals);
  RowScales scales(1, 1);
  for (bool known = false; first < last; first++) {
    RowTask task = load_row_task(job, first);
    if (!known) scales = scales_of(job, task);
    known = !job.row_temperatures;
    dispatch_row(job, scratch, policy, first, task, scales, totals);
  }
}

typedef void (*RowFunction)(const LossJob&, const Scratch&, int64_t first, int64_t last, ChunkTotals&);

// The functions for all divergences, in the order of the list.
#define TEMPER_ROWS(Policy) compute_rows<Policy<V>>,
constexpr RowFunction kRowFunctions[] = {TEMPER_DIVERGENCES(TEMPER_ROWS)};
#undef TEMPER_ROWS

#define TEMPER_NAME(Policy) #Policy,
constexpr const char* kDivergences[] = {TEMPER_DIVERGENCES(TEMPER_NAME) nullptr};
#undef TEMPER_NAME

void loss_rows(const LossJob& job, const Scratch& scratch, int64_t first, int64_t last, ChunkTotals& totals) {
  totals = {};
  kRowFunctions[job.parameters.divergence](job, scratch, first, last, totals);
  if (job.stream_gradient) stream_fence();
}

}  // namespace
}  // namespace temper
