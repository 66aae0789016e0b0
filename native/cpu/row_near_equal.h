// The near-equal path of one row, by members of Row.
#pragma once

#include "row_sums.h"

namespace temper {
namespace {

// Evaluates a row on the near-equal path, with all exponentials shifted by the row's final maxima. log(p/q) of every
// class contains log(Ss/St), whose f32 value has an error of about 1e-7. The exact sum of q - p over the row is 0, so
// that the computed sum shows this error. A correction of log(p/q) removes the error. If the error is too large for the
// sums of the first pass over the elements, a second pass repeats them.
template <class Policy, bool soft>
TEMPER_RARE void Row<Policy, soft>::evaluate_near_equal(float student_sum, float teacher_sum, bool stored) {
  path = RowPath::kNearEqual;
  log_sum_ratio = log(splat(student_sum)) - log(splat(teacher_sum));
  inverse_sums.log_ratio = V{};
  V excess = splat(sum_elements([&](int from, int block) {
    if (stored) shift_exponentials(block);
    else recompute<false>(from);
    scratch.student_shift[block] = student_max;
    scratch.teacher_shift[block] = teacher_max;
    store_log_ratios(from);
  }));
  inverse_sums.log_ratio = log1p(max(excess, splat(-0.5f)));
  // An error e of log(p/q) changes D by e^2 / 2 if D is quadratic, else by up to e.
  bool accurate = Policy::kQuadratic ? excess[0] * excess[0] <= 1e-7f * first_lane(sums[0]) : excess[0] == 0;
  if (!accurate) {
    // The second pass computes the log ratios from the corrected constant, and then a new correction. A correction of
    // the stored log ratios would keep their rounding error if log(Ss/St) is far larger than log(p/q).
    log_sum_ratio += inverse_sums.log_ratio;
    inverse_sums.log_ratio = V{};
    inverse_sums.log_ratio = log1p(splat(sum_elements([&](int from, int) { store_log_ratios(from); })));
  }
  divergence = first_lane(sums[0]);
}

// Changes the shift of a block's stored exponentials to the row's maxima.
template <class Policy, bool soft> inline void Row<Policy, soft>::shift_exponentials(int block) const {
  V ds = splat(scratch.student_shift[block] - student_max), dt = splat(scratch.teacher_shift[block] - teacher_max);
  if (ds[0] == 0 && dt[0] == 0) return;
  int from = block * kBlock, n = padded_length(block_length(from));
  BlockExponentials e = exponentials(from);
  scale_block(e.student, n, scales.student(ds));
  scale_block(e.teacher, n, scales.teacher(dt));
  if (hard == HardExp::kSeparate) scale_block(e.hard, n, scales.untempered(ds));
}

// Computes the exponentials of the block that begins at class `from` again, relative to the row's maxima.
template <class Policy, bool soft>
template <bool ratios>
inline void Row<Policy, soft>::recompute(int from) const {
  alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
  int n = block_length(from);
  LogitBlock z = summed_student(from, n, student_buffer), u = summed_teacher_or(z, from, n, teacher_buffer);
  for_parts(z, u, n, [&](const float* zi, const float* ui, int i, int part) {
    if (hard == HardExp::kSeparate)
      recompute_block<kSoftExp, true, ratios>(scales, zi, ui, part, student_max, teacher_max, exponentials(from + i));
    else
      recompute_block<kSoftExp, false, ratios>(scales, zi, ui, part, student_max, teacher_max,
                                               exponentials(from + i));
  });
}

// Stores log(p/q) of the block that begins at class `from`, without the correction in inverse_sums.log_ratio.
template <class Policy, bool soft> inline void Row<Policy, soft>::store_log_ratios(int from) const {
  alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
  int n = block_length(from);
  LogitBlock z = summed_student(from, n, student_buffer), u = summed_teacher_or(z, from, n, teacher_buffer);
  bool all_finite = has_finite_raw_sums && !(kSeparateLabel && (unsigned)((int)task.label - from) < (unsigned)n);
  for_parts(z, u, n, [&](const float* zi, const float* ui, int i, int part) {
    float* out = exponentials(from + i).log_ratio;
    if (two_scales())
      log_ratio_block(scales.two_scale_shift(student_max, teacher_max), log_sum_ratio, all_finite, zi, ui, part, out);
    else
      log_ratio_block(one_scale_shift(), log_sum_ratio, all_finite, zi, ui, part, out);
  });
}

// Computes the policy's sums from the elements of all classes. Returns the sum of q - p. prepare(from, block) is called
// for each block before it is summed, while the block is in the cache.
template <class Policy, bool soft>
template <class Prepare>
inline float Row<Policy, soft>::sum_elements(Prepare prepare) {
  V difference = {};
  for (V& sum : sums) sum = V{};
  for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
    prepare(from, block);
    difference += element_block(policy, exponentials(from), padded_length(block_length(from)), inverse_sums, sums);
  }
  for (V& sum : sums) sum = splat(sum_lanes(sum));
  policy.finish_elements(sums);
  return sum_lanes(difference);
}

}  // namespace
}  // namespace temper
