// The sums of one row on the fast path, by members of Row. The first loop runs over the logits. A divergence that needs
// p and q of each class has a second loop, over the stored exponentials.
#pragma once

#include "row.h"

namespace temper {
namespace {

// Returns the length of the sub-block that starts at `place` in the block at class `from`. Only the last vectors of a
// sub-block may hold logits of -inf. Where the label's logit is replaced by -inf, a sub-block ends after its vector.
template <class Policy, bool soft> TEMPER_INLINE int Row<Policy, soft>::sub_block_length(int from, int place) const {
  if constexpr (kSeparateLabel) {
    int label = (int)task.label - from;
    if (label < 0 || label >= kBlock) return kSubBlock;
    int end = (place_in_block(label) - place) / kLanes * kLanes + kLanes;
    return place_in_block(label) >= place && end < kSubBlock ? end : kSubBlock;
  }
  return kSubBlock;
}

template <class Policy, bool soft>
template <bool store_exp>
TEMPER_INLINE void Row<Policy, soft>::add_sub_block(const float* z, const float* u, int n, RowPartial<Raw>& part,
                                                     int column) const {
  Prefetch prefetch = prefetch_at<store_exp>(column + kBlock);
  if (kSoftExp && two_scales()) {  // the hard part reuses nothing then
    if (hard == HardExp::kNone)
      return sum_block<Raw, kSoftExp, HardExp::kNone, store_exp, true, soft>(raw_policy(), scales, z, u, n, part,
                                                                             exponentials(column), prefetch);
    return sum_block<Raw, kSoftExp, HardExp::kSeparate, store_exp, true, soft>(raw_policy(), scales, z, u, n, part,
                                                                               exponentials(column), prefetch);
  }
  with_hard_exp(hard, [&](auto tag) {
    sum_block<Raw, kSoftExp, decltype(tag)::kValue, store_exp, false, soft>(raw_policy(), scales, z, u, n, part,
                                                                            exponentials(column), prefetch);
  });
}

// The first loop over the row, an online softmax by blocks. Each block's exponentials are shifted by the largest
// maximum so far, and stored exponentials keep the shift of their block.
template <class Policy, bool soft>
template <bool store_exp>
inline RowPartial<typename Row<Policy, soft>::Raw> Row<Policy, soft>::sum_exp(PresentClasses& present) {
  alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
  RowPartial<Raw> total;
  for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
    int n = block_length(from);
    LogitBlock z = summed_student<true>(from, n, student_buffer);
    LogitBlock u = summed_teacher_or<true>(z, from, n, teacher_buffer);
    RowPartial<Raw> part;
    part.student_max = z.max > total.student_max ? z.max : total.student_max;
    part.teacher_max = u.max > total.teacher_max ? u.max : total.teacher_max;
    scratch.student_shift[block] = part.student_max;
    scratch.teacher_shift[block] = part.teacher_max;
    for_parts(z, u, n, [&](const float* zi, const float* ui, int i, int end) {
      for (int k = 0, length; k < end; k += length) {
        length = sub_block_length(from, i + k);
        add_sub_block<store_exp>(zi + k, ui + k, end - k < length ? end - k : length, part, from + i + k);
      }
      if constexpr (kLogits) logit_block(policy, zi, ui, end, sums);
      if (parameters.label_smoothing > 0) present.add(zi, end, shift_of(part.student_max));
    });
    total.merge(raw_policy(), scales, part);
  }
  student_max = total.student_max;
  teacher_max = total.teacher_max;
  return total;
}

// A sum that is not finite comes from a logit of -inf that add_raw() received, or D is +inf. The raw sums are then
// computed again with add_raw_any().
template <class Policy, bool soft>
inline void Row<Policy, soft>::finish_raw(const RowPartial<Raw>& total, float student_sum, float teacher_sum) {
  V raw[Raw::kRawSums];
  for (int k = 0; k < Raw::kRawSums; k++) raw[k] = splat(sum_lanes(total.raw[k]));
  policy.finish_raw(raw, splat(student_sum), splat(teacher_sum), scales.unit, sums);
  has_finite_raw_sums = first_lane(sums[0]) < kInfinity;
  if (!has_finite_raw_sums) finish_any_raw(student_sum, teacher_sum);
}

// Computes the raw sums of a row in which any logit may be -inf.
template <class Policy, bool soft>
TEMPER_RARE void Row<Policy, soft>::finish_any_raw(float student_sum, float teacher_sum) {
  V raw[Raw::kRawSums];
  for (V& sum : raw) sum = V{};
  alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
  for (int from = 0; from < classes(); from += kBlock) {
    int n = block_length(from);
    LogitBlock z = summed_student(from, n, student_buffer), u = summed_teacher_or(z, from, n, teacher_buffer);
    for_parts(z, u, n, [&](const float* zi, const float* ui, int, int part) {
      raw_block(policy, scales, zi, ui, part, shift_of(student_max), shift_of(teacher_max), raw);
    });
  }
  for (V& sum : raw) sum = splat(sum_lanes(sum));
  policy.finish_raw(raw, splat(student_sum), splat(teacher_sum), scales.unit, sums);
}

// Returns the row's inverse sums, multiplied by the factor between the shift of a block's exponentials and that of the
// row. Exponentials at a shift of -inf are 0, and so is their factor.
template <class Policy, bool soft> inline InverseSums<V> Row<Policy, soft>::inverse_sums_at_block(int block) const {
  InverseSums<V> result = inverse_sums;
  if (scratch.student_shift[block] == student_max && scratch.teacher_shift[block] == teacher_max) return result;
  V ds = splat(scratch.student_shift[block] - student_max), dt = splat(scratch.teacher_shift[block] - teacher_max);
  result.student *= scales.student(ds);
  result.teacher *= scales.teacher(dt);
  result.log_ratio += (dt * scales.teacher_unit - ds) * scales.student.c;
  return result;
}

template <class Policy, bool soft> inline void Row<Policy, soft>::finish_sums() {
  for (V& sum : sums) sum = splat(sum_lanes(sum));
  policy.finish(sums);
}

// The second loop over the row, for a policy that needs p and q. The exponentials and the differences t - s in scratch
// memory have the shift of their block.
template <class Policy, bool soft> inline void Row<Policy, soft>::finish_ratios() {
  for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
    InverseSums<V> block_inverse = inverse_sums_at_block(block);
    int n = padded_length(block_length(from));
    for (int i = 0; i < n; i += kSubBlock)
      ratio_block(policy, scales.student.c, exponentials(from + i), n - i < kSubBlock ? n - i : kSubBlock,
                  block_inverse, sums);
  }
  finish_sums();
}

}  // namespace
}  // namespace temper
