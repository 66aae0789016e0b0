// Short rows, one per lane: everything that a row of ten classes costs besides its exponentials (reductions, logarithm, divisions) is
// done for a vector of rows at once. A row with anything unusual about it (poisoned, nearly equal to the teacher, ignored, of weight 0)
// is left to the general code; which way a row goes depends on the row alone.
#pragma once

#include "row.h"
#include "tile.h"

namespace temper {
namespace {

// What the rows of a tile come to.
struct TileValues {
  alignas(64) float divergence[kLanes], cross_entropy[kLanes];
  alignas(64) float student_max[kLanes], student_inverse[kLanes], teacher_max[kLanes], teacher_inverse[kLanes], hard_inverse[kLanes];
  alignas(64) float log_ratio[kLanes], policy_sum[kLanes];
  alignas(64) int usual[kLanes];
};

// Per lane, from the rows' own temperatures, weights and labels.
struct TileRows {
  alignas(64) int label[kLanes];
  double value_factor[kLanes];
  float weight[kLanes];
  bool skipped[kLanes];
  alignas(64) float soft_scale[kLanes], hard_scale[kLanes], inverse_temperature[kLanes];
};

// D of a policy that asks for p and q; the differences in `ratios` become slopes, those of equal rows 0.
template <class Policy>
V evaluate_ratios(const Policy& policy, const Exponents& tempered, int classes, const RowSums<Policy>& row, const Tile& z, const Tile& u,
                  Tile& ratios, TileValues& values) {
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
  store(log_ratio, values.log_ratio);
  store(select(row.differ, sums[Policy::kSums - 1], V{}), values.policy_sum);
  return policy.value(sums);
}

template <class Policy, bool soft, Hard hard>
void evaluate_tile(const Policy& policy, const Exponents& tempered, const TileRows& rows, int classes, Tile& z, Tile& u, Tile& hard_tile,
                   Tile& ratios, TileValues& values) {
  V zm = splat(-kInfinity), um = zm;
  for (int c = 0; c < classes; c++) {
    zm = max(load(z.at[c]), zm);
    if constexpr (soft) um = max(load(u.at[c]), um);
  }
  zm = select(zm == -kInfinity, V{}, zm);
  um = select(um == -kInfinity, V{}, um);
  store(zm, values.student_max);
  store(um, values.teacher_max);
  I label;
  __builtin_memcpy(&label, rows.label, sizeof label);
  V label_shifted = {};

  RowSums<Policy> sums;
  Exponents plain(1.0);
  for (int c = 0; c < classes; c++) {
    V zi = load(z.at[c]), s = zi - zm, es = tempered(s);
    store(es, z.at[c]);
    sums.student += es;
    if constexpr (hard != Hard::kNone) label_shifted = select(label == c, s, label_shifted);
    if constexpr (soft) {
      V ui = load(u.at[c]), t = ui - um, et = tempered(t);
      store(et, u.at[c]);
      sums.teacher += et;
      sums.differ |= zi != ui;
      if constexpr (Policy::kRawSums > 0) policy.add_raw(sums.raw, s, t, es, et);
      else store(t - s, ratios.at[c]);
    }
    V separate = {};
    if constexpr (hard == Hard::kSeparate) store(separate = plain(s), hard_tile.at[c]);
    if constexpr (hard != Hard::kNone) sums.hard += hard_exp<hard>(es, hard_tile.at[c]);
  }
  I usual = (sums.student > 0.0f) & (sums.student < kInfinity);
  V divergence = {};
  if constexpr (soft) {
    usual &= (sums.teacher > 0.0f) & (sums.teacher < kInfinity);
    store(1.0f / sums.teacher, values.teacher_inverse);
    if constexpr (Policy::kRawSums > 0) divergence = policy.raw_value(sums.raw, sums.student, sums.teacher, load(rows.inverse_temperature));
    else divergence = evaluate_ratios(policy, tempered, classes, sums, z, u, ratios, values);
    usual &= (divergence >= policy.nearly_equal()) | ~sums.differ;
    divergence = select(sums.differ, divergence, V{});
  }
  __builtin_memcpy(values.usual, &usual, sizeof usual);
  store(divergence, values.divergence);
  store(1.0f / sums.student, values.student_inverse);
  if constexpr (hard != Hard::kNone) {
    store(log(sums.hard) - label_shifted, values.cross_entropy);
    store(1.0f / sums.hard, values.hard_inverse);
  }
}

// Over the exponentials in z and u; the result is in z.
template <class Policy, bool soft, Hard hard>
void gradient_tile(const Policy& policy, const TileRows& rows, const TileValues& values, int classes, Tile& z, const Tile& u,
                   const Tile& hard_tile, const Tile& ratios) {
  InverseSums<V> n = {load(values.teacher_inverse), load(values.student_inverse), {}};
  V soft_scale = load(rows.soft_scale), hard_scale = load(rows.hard_scale) * load(values.hard_inverse), sums[Policy::kSums] = {};
  sums[Policy::kSums - 1] = load(values.policy_sum);
  Centring<V> centring = {};
  if constexpr (soft && Policy::kCentred) centring = policy.centring(soft_scale * n.student, sums);
  V at_label = load(rows.hard_scale);
  I label;
  __builtin_memcpy(&label, rows.label, sizeof label);
  for (int c = 0; c < classes; c++) {
    V es = load(z.at[c]), g = {};
    if constexpr (soft && Policy::kCentred) g = es * fma(load(ratios.at[c]), centring.factor, -centring.mean);
    else if constexpr (soft) g = soft_scale * policy.gradient(fast_element(es, load(u.at[c]), n), sums);
    if constexpr (hard != Hard::kNone) {
      g = fma(hard_exp<hard>(es, hard_tile.at[c]), hard_scale, g);
      g -= select(label == c, at_label, V{});
    }
    store(g, z.at[c]);
  }
}

}  // namespace
}  // namespace temper
