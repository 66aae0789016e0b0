// Short rows, one per lane: everything that a row of ten classes costs besides its exponentials (reductions, logarithm, divisions) is
// done for a vector of rows at once. A row with anything unusual about it (poisoned, nearly equal to the teacher, ignored, of weight 0)
// is left to the general code; which way a row goes depends on the row alone.
#pragma once

#include "row.h"

namespace temper {
namespace {

// Above this the general code is as fast.
constexpr int kShortRow = 64;

struct Tile {
  alignas(64) float at[kShortRow][kLanes];   // [class][row]

  // Rows past the last one repeat it.
  void load_rows(const Shape& shape, const void* base, int64_t first, int rows, int classes) {
    alignas(64) float buffer[kShortRow];
    for (int lane = 0; lane < kLanes; lane++) {
      const char* row = temper::at(base, shape, first + (lane < rows ? lane : rows - 1), 0);
      if (shape.dtype == kBf16) {
        for (int c = 0; c < classes; c++) at[c][lane] = widen_bf16(row + 2 * c);
        continue;
      }
      if (shape.dtype == kF16) row = (const char*)load_block(kF16, row, classes, 0.0f, buffer);
      for (int c = 0; c < classes; c++) __builtin_memcpy(&at[c][lane], row + 4 * c, 4);
    }
  }

  void store_row(const Shape& shape, void* base, int64_t row, int lane, int classes) const {
    char* out = (char*)temper::at(base, shape, row, 0);
    if (shape.dtype == kF32) {
      for (int c = 0; c < classes; c++) __builtin_memcpy(out + 4 * c, &at[c][lane], 4);
    } else {
      alignas(64) float buffer[kShortRow + kLanes];
      for (int c = 0; c < classes; c++) buffer[c] = at[c][lane];
      encode_block(shape.dtype, buffer, classes, out);
    }
    store_zeros(shape, base, row, classes);
  }
};

// What the rows of a tile come to.
struct TileValues {
  alignas(64) float divergence[kLanes], cross_entropy[kLanes];
  alignas(64) float student_max[kLanes], student_inverse[kLanes], teacher_max[kLanes], teacher_inverse[kLanes], hard_inverse[kLanes];
  alignas(64) int usual[kLanes];
};

// Per lane, from the rows' own temperatures, weights and labels.
struct TileRows {
  int64_t label[kLanes];
  double temperature[kLanes];
  float weight[kLanes];
  bool skipped[kLanes];
  alignas(64) float soft_scale[kLanes], hard_scale[kLanes], inverse_temperature[kLanes];
};

template <class Policy, bool soft, Hard hard>
void evaluate_tile(const Policy& policy, const Exponents& tempered, const TileRows& rows, int classes, Tile& z, Tile& u, Tile& hard_tile,
                   TileValues& values) {
  V zm = splat(-kInfinity), um = zm;
  for (int c = 0; c < classes; c++) {
    zm = max(load(z.at[c]), zm);
    if constexpr (soft) um = max(load(u.at[c]), um);
  }
  zm = select(zm == -kInfinity, V{}, zm);
  um = select(um == -kInfinity, V{}, um);
  store(zm, values.student_max);
  store(um, values.teacher_max);
  float label_shifted[kLanes] = {};
  if constexpr (hard != Hard::kNone)
    for (int lane = 0; lane < kLanes; lane++) label_shifted[lane] = z.at[rows.label[lane]][lane] - values.student_max[lane];

  RowSums<Policy> sums;
  Exponents plain(1.0);
  for (int c = 0; c < classes; c++) {
    V zi = load(z.at[c]), s = zi - zm, es = tempered(s);
    store(es, z.at[c]);
    sums.student += es;
    if constexpr (soft) {
      V ui = load(u.at[c]), t = ui - um, et = tempered(t);
      store(et, u.at[c]);
      sums.teacher += et;
      sums.differ |= zi != ui;
      policy.add_raw(sums.raw, s, t, es, et);
    }
    V separate = {};
    if constexpr (hard == Hard::kSeparate) store(separate = plain(s), hard_tile.at[c]);
    if constexpr (hard != Hard::kNone) sums.hard += hard_exp<hard>(es, hard_tile.at[c]);
  }
  I usual = (sums.student > 0.0f) & (sums.student < kInfinity);
  V divergence = {};
  if constexpr (soft) {
    usual &= (sums.teacher > 0.0f) & (sums.teacher < kInfinity);
    divergence = policy.raw_value(sums.raw, sums.student, sums.teacher, load(rows.inverse_temperature));
    usual &= (divergence >= kNearlyEqual) | ~sums.differ;
    divergence = select(sums.differ, divergence, V{});
    store(1.0f / sums.teacher, values.teacher_inverse);
  }
  __builtin_memcpy(values.usual, &usual, sizeof usual);
  store(divergence, values.divergence);
  store(1.0f / sums.student, values.student_inverse);
  if constexpr (hard != Hard::kNone) {
    store(log(sums.hard) - load(label_shifted), values.cross_entropy);
    store(1.0f / sums.hard, values.hard_inverse);
  }
}

// Over the exponentials in z and u; the result is in z.
template <class Policy, bool soft, Hard hard>
void gradient_tile(const Policy& policy, const TileRows& rows, const TileValues& values, int classes, Tile& z, const Tile& u,
                   const Tile& hard_tile) {
  Normaliser<V> n = {load(values.teacher_inverse), load(values.student_inverse), {}};
  V soft_scale = load(rows.soft_scale), hard_scale = load(rows.hard_scale) * load(values.hard_inverse), no_sums[1] = {};
  for (int c = 0; c < classes; c++) {
    V es = load(z.at[c]), g = {};
    if constexpr (soft) g = soft_scale * policy.gradient(cheap_element(es, load(u.at[c]), n), no_sums);
    if constexpr (hard != Hard::kNone) g = fma(hard_exp<hard>(es, hard_tile.at[c]), hard_scale, g);
    store(g, z.at[c]);
  }
  if constexpr (hard != Hard::kNone)
    for (int lane = 0; lane < kLanes; lane++) z.at[rows.label[lane]][lane] -= rows.hard_scale[lane];
}

}  // namespace
}  // namespace temper
