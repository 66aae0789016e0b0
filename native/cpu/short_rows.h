// The loss of short rows, one row per lane: reductions, logarithms and divisions, which dominate a row of ten classes,
// serve a vector of rows at once. A row that is non-finite, nearly equal to the teacher, ignored or of weight 0 is
// computed by row.h instead. This choice depends only on the row itself, so that a row has the same bits in every
// batch.
#pragma once

#include "row.h"
#include "tile.h"
#include "tile_inputs.h"

namespace temper {
namespace {

// Results of a tile, one lane per row.
struct TileResults {
  alignas(64) float divergence[kLanes], cross_entropy[kLanes];
  alignas(64) float student_max[kLanes], student_inverse_sum[kLanes];
  alignas(64) float teacher_max[kLanes], teacher_inverse_sum[kLanes], hard_inverse_sum[kLanes];
  alignas(64) float log_ratio[kLanes], policy_sum[kLanes];
  alignas(64) int tile_path[kLanes];  // 0: row.h computes the row instead
};

// Returns D of a policy that needs p and q. The differences t - s in `ratios` are replaced by the policy's slopes,
// which are 0 in a row equal to the teacher.
template <class Policy>
V evaluate_ratios(const Policy& policy, const Exponential& tempered, int classes, const RowSumExp<Policy>& row,
                  const Tile& z, const Tile& u, Tile& ratios, TileResults& results) {
  V log_ratio = (log(row.student) - log(row.teacher)) * kLog2E, sums[Policy::kSums] = {};
  V teacher = 1.0f / row.teacher, student = 1.0f / row.student;
  for (int c = 0; c < classes; c++) {
    Ratio<V> ratio = ratio_of(log2_ratio(load(ratios.at[c]), tempered.c, log_ratio));
    Slopes<V> slopes = policy.slopes(ratio);
    slopes = {select(row.differ, slopes.teacher, V{}), select(row.differ, slopes.student, V{})};
    policy.add_class(sums, load(u.at[c]) * teacher, load(z.at[c]) * student, slopes);
    store(slopes.student, ratios.at[c]);
  }
  policy.finish(sums);
  store(log_ratio, results.log_ratio);
  store(select(row.differ, sums[Policy::kSums - 1], V{}), results.policy_sum);
  return policy.value(sums);
}

template <class Policy, bool soft, HardExp hard>
void evaluate_tile(const Policy& policy, const Exponential& tempered, const TileInputs& inputs, int classes, Tile& z,
                   Tile& u, Tile& hard_tile, Tile& ratios, TileResults& results) {
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

  RowSumExp<Policy> total;
  Exponential untempered(1.0);
  for (int c = 0; c < classes; c++) {
    V zi = load(z.at[c]), s = zi - student_max, es = tempered(s);
    store(es, z.at[c]);
    total.student += es;
    if constexpr (hard != HardExp::kNone) label_shifted = select(label == c, s, label_shifted);
    if constexpr (soft) {
      V ui = load(u.at[c]), t = ui - teacher_max, et = tempered(t);
      store(et, u.at[c]);
      total.teacher += et;
      total.differ |= zi != ui;
      if constexpr (Policy::kRawSums > 0) policy.add_raw(total.raw, s, t, es, et);
      else store(t - s, ratios.at[c]);
    }
    V separate = {};
    if constexpr (hard == HardExp::kSeparate) store(separate = untempered(s), hard_tile.at[c]);
    if constexpr (hard != HardExp::kNone) total.hard += hard_exp<hard>(es, hard_tile.at[c]);
  }
  I tile_path;
  __builtin_memcpy(&tile_path, inputs.counted, sizeof tile_path);
  tile_path &= (total.student > 0.0f) & (total.student < kInfinity);
  V divergence = {};
  if constexpr (soft) {
    tile_path &= (total.teacher > 0.0f) & (total.teacher < kInfinity);
    store(1.0f / total.teacher, results.teacher_inverse_sum);
    if constexpr (Policy::kRawSums > 0)
      divergence = policy.raw_value(total.raw, total.student, total.teacher, load(inputs.inverse_temperature));
    else
      divergence = evaluate_ratios(policy, tempered, classes, total, z, u, ratios, results);
    tile_path &= (divergence >= policy.nearly_equal()) | ~total.differ;
    divergence = select(total.differ, divergence, V{});
  }
  __builtin_memcpy(results.tile_path, &tile_path, sizeof tile_path);
  store(divergence, results.divergence);
  store(1.0f / total.student, results.student_inverse_sum);
  if constexpr (hard != HardExp::kNone) {
    store(log(total.hard) - label_shifted, results.cross_entropy);
    store(1.0f / total.hard, results.hard_inverse_sum);
  }
}

// Computes the gradient from the exponentials in z and u, and stores it in z.
template <class Policy, bool soft, HardExp hard>
void gradient_tile(const Policy& policy, const TileInputs& inputs, const TileResults& results, int classes, Tile& z,
                   const Tile& u, const Tile& hard_tile, const Tile& ratios) {
  InverseSums<V> n = {load(results.teacher_inverse_sum), load(results.student_inverse_sum), {}};
  V soft_scale = load(inputs.soft_scale), hard_scale = load(inputs.hard_scale) * load(results.hard_inverse_sum);
  V sums[Policy::kSums] = {};
  sums[Policy::kSums - 1] = load(results.policy_sum);
  Centring<V> centring = {};
  if constexpr (soft && Policy::kCentred) centring = policy.centring(soft_scale * n.student, sums);
  V at_label = load(inputs.hard_scale);
  I label;
  __builtin_memcpy(&label, inputs.label, sizeof label);
  for (int c = 0; c < classes; c++) {
    V es = load(z.at[c]), g = {};
    if constexpr (soft && Policy::kCentred) g = es * fma(load(ratios.at[c]), centring.factor, -centring.mean);
    else if constexpr (soft) g = soft_scale * policy.gradient(fast_element(es, load(u.at[c]), n), sums);
    if constexpr (hard != HardExp::kNone) {
      g = fma(hard_exp<hard>(es, hard_tile.at[c]), hard_scale, g);
      g -= select(label == c, at_label, V{});
    }
    store(g, z.at[c]);
  }
}

}  // namespace
}  // namespace temper
