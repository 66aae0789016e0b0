// The loss of short rows, one row per lane: reductions, logarithms and divisions, which dominate a row of ten classes,
// serve a vector of rows at once. A row off the fast path, without a label, or of weight 0 is computed as a
// single row (row.h). This choice depends only on the row itself, so that a row has the same bits in every batch.
#pragma once

#include "gradient_blocks.h"
#include "tile.h"
#include "tile_inputs.h"

namespace temper {
namespace {

// Results of a tile, one lane per row.
template <class Policy> struct TileResults {
  alignas(64) float sums[Policy::kSums][kLanes];
  alignas(64) float cross_entropy[kLanes];
  alignas(64) float student_max[kLanes], student_inverse_sum[kLanes];
  alignas(64) float teacher_max[kLanes], teacher_inverse_sum[kLanes], hard_inverse_sum[kLanes];
  alignas(64) float log_ratio[kLanes];
  alignas(64) int tile_path[kLanes];  // 0: the code for single rows computes the row instead
};

// Computes the sums of a policy that needs p and q. The differences t - s in `ratios` are replaced by the slopes.
template <class Policy>
void ratio_tile(const Policy& policy, const Exponential& tempered, int classes, V student_sum, V teacher_sum,
                V log_ratio, const Tile& z, const Tile& u, Tile& ratios, V* sums) {
  V teacher = policy.teacher_weight() / teacher_sum, student = policy.student_weight() / student_sum;
  log_ratio += policy.log2_weights();
  for (int c = 0; c < classes; c++) {
    V log2 = log2_ratio(load(ratios.at[c]), tempered.c, log_ratio, Policy::kMostLog2);
    V p = load(u.at[c]) * teacher, q = load(z.at[c]) * student;
    store(policy.add_class(sums, weighted_class<Policy>(log2, p, q)), ratios.at[c]);
  }
  policy.finish(sums);
}

// Computes the values of a tile. The logits in z and u are replaced by their exponentials.
template <class Policy, bool soft, HardExp hard>
void evaluate_tile(const Policy& policy, const Exponential& tempered, const TileInputs& inputs, int classes, Tile& z,
                   Tile& u, Tile& hard_tile, Tile& ratios, TileResults<Policy>& results) {
  V student_max = splat(-kInfinity), teacher_max = student_max;
  for (int c = 0; c < classes; c++) {
    student_max = max(load(z.at[c]), student_max);
    if constexpr (soft) teacher_max = max(load(u.at[c]), teacher_max);
  }
  student_max = select(student_max == -kInfinity, V{}, student_max);
  teacher_max = select(teacher_max == -kInfinity, V{}, teacher_max);
  store(student_max, results.student_max);
  store(teacher_max, results.teacher_max);
  I label;
  __builtin_memcpy(&label, inputs.label, sizeof label);
  V label_shifted = {};

  typedef RawSumsOf<Policy, soft> Raw;
  V student_sum = {}, teacher_sum = {}, hard_sum = {}, raw[Raw::kRawSums + 1] = {};
  Exponential untempered(1.0);
  for (int c = 0; c < classes; c++) {
    V s = load(z.at[c]) - student_max, es = tempered(s);
    store(es, z.at[c]);
    student_sum += es;
    if constexpr (hard != HardExp::kNone) label_shifted = select(label == c, s, label_shifted);
    if constexpr (soft) {
      V t = load(u.at[c]) - teacher_max, et = tempered(t);
      store(et, u.at[c]);
      teacher_sum += et;
      if constexpr (Raw::kRawSums > 0) policy.add_raw(raw, s, t, es, et);
      if constexpr (kNeedsRatios<Policy>) store(t - s, ratios.at[c]);
    }
    V separate = {};
    if constexpr (hard == HardExp::kSeparate) store(separate = untempered(s), hard_tile.at[c]);
    if constexpr (hard != HardExp::kNone) hard_sum += hard_exp<hard>(es, hard_tile.at[c]);
  }
  I tile_path;
  __builtin_memcpy(&tile_path, inputs.eligible, sizeof tile_path);
  tile_path &= (student_sum > 0.0f) & (student_sum < kInfinity);
  V sums[Policy::kSums] = {};
  if constexpr (soft) {
    tile_path &= (teacher_sum > 0.0f) & (teacher_sum < kInfinity);
    store(1.0f / teacher_sum, results.teacher_inverse_sum);
    V log_ratio = {};
    if constexpr (kNeedsRatios<Policy>) log_ratio = (log(student_sum) - log(teacher_sum)) * kLog2E;
    store(log_ratio, results.log_ratio);
    if constexpr (Raw::kRawSums > 0)
      policy.finish_raw(raw, student_sum, teacher_sum, load(inputs.inverse_temperature), sums);
    else
      ratio_tile(policy, tempered, classes, student_sum, teacher_sum, log_ratio, z, u, ratios, sums);
    tile_path &= (sums[0] >= policy.nearly_equal()) & (sums[0] < kInfinity);
    if constexpr (Policy::kFar) tile_path &= ~policy.is_far(sums);
  }
  for (int k = 0; k < Policy::kSums; k++) store(sums[k], results.sums[k]);
  __builtin_memcpy(results.tile_path, &tile_path, sizeof tile_path);
  store(1.0f / student_sum, results.student_inverse_sum);
  if constexpr (hard != HardExp::kNone) {
    store(log(hard_sum) - label_shifted, results.cross_entropy);
    store(1.0f / hard_sum, results.hard_inverse_sum);
  }
}

// Computes the gradient from the exponentials in z and u, and stores it in z.
template <class Policy, bool soft, HardExp hard>
void gradient_tile(const Policy& policy, const Exponential& tempered, const TileInputs& inputs,
                   const TileResults<Policy>& results, int classes, Tile& z, const Tile& u, const Tile& hard_tile,
                   const Tile& ratios) {
  V soft_scale = load(inputs.soft_scale), hard_scale = load(inputs.hard_scale) * load(results.hard_inverse_sum);
  RowGradient<V> row = {};
  if constexpr (soft) {
    V sums[Policy::kSums];
    for (int k = 0; k < Policy::kSums; k++) sums[k] = load(results.sums[k]);
    row = policy.row_gradient(sums, soft_scale * load(results.student_inverse_sum),
                              soft_scale * load(results.teacher_inverse_sum));
  }
  V at_label = load(inputs.hard_scale), log_ratio = load(results.log_ratio);
  I label;
  __builtin_memcpy(&label, inputs.label, sizeof label);
  for (int c = 0; c < classes; c++) {
    V es = load(z.at[c]), g = {};
    if constexpr (soft) {
      V coefficient = row.student;
      if constexpr (is_centred(Policy::kGradient)) {
        V slope = load(ratios.at[c]);
        if constexpr (Policy::kValue == ValueForm::kRawSums)
          slope = slope_of(policy, slope, tempered.c, log_ratio);
        coefficient = policy.coefficient(slope, row);
      }
      g = is_linear(Policy::kGradient) ? fma(es, coefficient, load(u.at[c]) * row.teacher) : es * coefficient;
    }
    if constexpr (hard != HardExp::kNone) {
      g = fma(hard_exp<hard>(es, hard_tile.at[c]), hard_scale, g);
      g -= select(label == c, at_label, V{});
    }
    store(g, z.at[c]);
  }
}

}  // namespace
}  // namespace temper
