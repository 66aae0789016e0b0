// The loops over one block of a row. Template parameters select the parts of the loss, so that the loops have no
// branches. Blocks are floats padded to full vectors with -inf.
#pragma once

#include "deinterleave.h"
#include "partial.h"

namespace temper {
namespace {

// Blocked summation: elements of a sub-block are summed before the result is added to the row's sum. A lane sums at
// most 64 exponentials, because the rounding errors of equal exponentials have the same sign: with 256 per lane the
// error was 46 times 2^-24. A lane of a vector of 4 sums 16 exponentials. With 64, a row of a few hundred classes would
// be a single sub-block.
constexpr int kSubBlock = kLanes == 4 ? 16 * kLanes : 64 * kLanes < kBlock ? 64 * kLanes : kBlock;

// The part of the scratch arrays that belongs to a block.
struct BlockExponentials {
  float* student;
  float* teacher;
  float* hard;
  float* log_ratio;
};

struct PrefetchStream {
  const char* at;
  int64_t element_bytes;
};
TEMPER_INLINE PrefetchStream stream_at(const Matrix& matrix, int64_t row, int column) {
  return {address(matrix, row, column), element_bytes(matrix.dtype)};
}

// Prefetches the next block while the exponentials of this block are computed. The search for the next block's maximum
// is too little work to hide the latency of memory. Hardware prefetching stops at the end of each 4 KiB page.
struct Prefetch {
  PrefetchStream student, teacher, gradient;

  template <bool reads_teacher> TEMPER_INLINE void issue(int column) const {
    __builtin_prefetch(student.at + column * student.element_bytes);
    if constexpr (reads_teacher) __builtin_prefetch(teacher.at + column * teacher.element_bytes);
    __builtin_prefetch(gradient.at + column * gradient.element_bytes, 1);
  }
};

// Adds the exponentials of n elements to the row's sums; `store_exp` also stores them for later loops, with the
// differences t - s for a divergence that needs ratios. `two_scales`: student and teacher differ in T. `reads_teacher`:
// the teacher's logits are prefetched, also for a divergence that has no exponentials (`soft` is not set then).
template <class Raw, bool soft, HardExp hard, bool store_exp, bool two_scales, bool reads_teacher>
TEMPER_INLINE void sum_block_inline(const Raw& policy, const RowScales& scales, const float* z, const float* u, int n,
                                    RowPartial<Raw>& row, const BlockExponentials& out, Prefetch prefetch) {
  // Local copies can stay in registers. The originals cannot, because a store through a pointer might change them.
  const Exponential student_exp = scales.student, teacher_exp = scales.teacher, untempered = scales.untempered;
  const V teacher_unit = scales.teacher_unit;
  float student_shift = shift_of(row.student_max), teacher_shift = shift_of(row.teacher_max);
  RowPartial<Raw> block;
  auto add = [&](int i, auto raw_sums) {
    prefetch.issue<reads_teacher>(i);
    V s = load(z + i) - student_shift, es = student_exp(s);
    block.student += es;
    if constexpr (store_exp) store(es, out.student + i);
    if constexpr (soft) {
      V t = load(u + i) - teacher_shift, et = teacher_exp(t);
      if constexpr (two_scales) t *= teacher_unit;
      block.teacher += et;
      if constexpr (store_exp) store(et, out.teacher + i);
      raw_sums(s, t, es, et);
      if constexpr (store_exp && kNeedsRatios<Raw>) store(t - s, out.log_ratio + i);
    }
    if constexpr (hard == HardExp::kSquared) block.hard = fma(es, es, block.hard);
    if constexpr (hard == HardExp::kFourthPower) block.hard = fma(es * es, es * es, block.hard);
    if constexpr (hard == HardExp::kSeparate) {
      V e1 = untempered(s);
      block.hard += e1;
      if constexpr (store_exp) store(e1, out.hard + i);
    }
  };
  // The last vectors can contain padding of -inf, which only add_raw_any() accepts.
  int padded_from = n - 2 * kLanes, i = 0;
  for (; i < padded_from; i += kLanes)
    add(i, [&](V s, V t, V es, V et) {
      if constexpr (Raw::kRawSums > 0) policy.add_raw(block.raw, s, t, es, et);
    });
  for (; i < n; i += kLanes)
    add(i, [&](V s, V t, V es, V et) {
      if constexpr (Raw::kRawSums > 0) policy.add_raw_any(block.raw, s, t, es, et);
    });
  row.student += block.student;
  row.teacher += block.teacher;
  row.hard += block.hard;
  for (int k = 0; k < Raw::kRawSums; k++) row.raw[k] += block.raw[k];
}

// sum_block_inline() where the compiler decides whether to inline it. The sweeps of some divergences are slower by a
// third if they contain it.
template <class Raw, bool soft, HardExp hard, bool store_exp, bool two_scales, bool reads_teacher>
void sum_block(const Raw& policy, const RowScales& scales, const float* z, const float* u, int n,
               RowPartial<Raw>& row, const BlockExponentials& out, Prefetch prefetch) {
  sum_block_inline<Raw, soft, hard, store_exp, two_scales, reads_teacher>(policy, scales, z, u, n, row, out, prefetch);
}

// Adds n elements, any of which may have a logit of -inf, to the raw sums.
template <class Policy>
void raw_block(const Policy& policy, const RowScales& scales, const float* z, const float* u, int n,
               float student_shift, float teacher_shift, V* raw) {
  V sums[Policy::kRawSums] = {};
  for (int i = 0; i < n; i += kLanes) {
    V s = load(z + i) - student_shift, t = load(u + i) - teacher_shift;
    policy.add_raw_any(sums, s, t * scales.teacher_unit, scales.student(s), scales.teacher(t));
  }
  for (int k = 0; k < Policy::kRawSums; k++) raw[k] += sums[k];
}

// log2(p/q) from the difference t - s, clamped to +-most. The limits also replace the infinite difference of a class
// with one logit of -inf, and the NaN of a class with two.
TEMPER_INLINE V log2_ratio(V difference, V c, V log_ratio, float most) {
  return clamped(fma(difference, c, log_ratio), splat(most));
}
// `lesser` is a product with a reciprocal, which takes fewer operations than an exponential. Two probabilities below
// the smallest normal number add nothing to the sums.
template <class Policy> TEMPER_INLINE WeightedClass<V> weighted_class(V log2_ratio, V p, V q) {
  V larger = max(max(p, q), splat(1.17549435e-38f)), lesser = min(p, q) * reciprocal(larger), share = {};
  if constexpr (Policy::kShares) share = select(log2_ratio > 0.0f, splat(1.0f), lesser) * reciprocal(1.0f + lesser);
  return {p, q, larger, log2_ratio, lesser, share};
}

// Adds a block to the sums of a policy that needs p and q. The differences t - s are replaced by the slopes, which the
// gradient needs.
template <class Policy>
void ratio_block(const Policy& policy, V c, const BlockExponentials& block, int n, const InverseSums<V>& inverse_sums,
                 V* row) {
  V sums[Policy::kClassSums] = {};
  V teacher = policy.teacher_weight() * inverse_sums.teacher, student = policy.student_weight() * inverse_sums.student;
  V log_ratio = inverse_sums.log_ratio + policy.log2_weights();
  for (int i = 0; i < n; i += kLanes) {
    V log2 = log2_ratio(load(block.log_ratio + i), c, log_ratio, Policy::kMostLog2);
    V p = load(block.teacher + i) * teacher, q = load(block.student + i) * student;
    store(policy.add_class(sums, weighted_class<Policy>(log2, p, q)), block.log_ratio + i);
  }
  for (int k = 0; k < Policy::kClassSums; k++) row[k] += sums[k];
}

// Adds a block to the sums of a policy over logits.
template <class Policy> void logit_block(const Policy& policy, const float* z, const float* u, int n, V* row) {
  V sums[Policy::kSums] = {};
  for (int i = 0; i < n; i += kLanes) policy.add_logits(sums, load(z + i), load(u + i));
  for (int k = 0; k < Policy::kSums; k++) row[k] += sums[k];
}

// Computes the exponentials again, shifted by the row's final maxima, and the differences t - s if `ratios` is set.
template <bool soft, bool separate, bool ratios>
void recompute_block(const RowScales& scales, const float* z, const float* u, int n, float student_max,
                     float teacher_max, const BlockExponentials& out) {
  for (int i = 0; i < n; i += kLanes) {
    V s = load(z + i) - student_max;
    store(scales.student(s), out.student + i);
    if constexpr (separate) store(scales.untempered(s), out.hard + i);
    if constexpr (soft) {
      V t = load(u + i) - teacher_max;
      store(scales.teacher(t), out.teacher + i);
      if constexpr (ratios) store(t * scales.teacher_unit - s, out.log_ratio + i);
    }
  }
}

// Stores log(p/q) of each class for the near-equal path, with the error of `log_sum_ratio`, which is the same for all
// classes. If `finite` is set, only the last vectors may hold logits of -inf whose log ratios are used.
template <class Shift>
void log_ratio_block(const Shift& shift, V log_sum_ratio, bool finite, const float* z, const float* u, int n,
                     float* out) {
  int i = 0;
  if (finite)
    for (; i < n - 2 * kLanes; i += kLanes)
      store(finite_log_ratio(load(z + i), load(u + i), shift) + log_sum_ratio, out + i);
  for (; i < n; i += kLanes) store(log_ratio(load(z + i), load(u + i), shift) + log_sum_ratio, out + i);
}

TEMPER_INLINE Element<V> element_at(const BlockExponentials& in, int i, const InverseSums<V>& inverse) {
  return element(load(in.log_ratio + i), load(in.student + i), load(in.teacher + i), inverse);
}

void scale_block(float* values, int n, V factor) {
  for (int i = 0; i < n; i += kLanes) store(load(values + i) * factor, values + i);
}

// Whether dD/ds on the near-equal path is q - p. The differences then replace the log ratios when they are summed, and
// the gradient need not compute them again.
template <class Policy> constexpr bool kStoresDifferences = false;
template <> constexpr bool kStoresDifferences<ForwardKl<V>> = true;

// Adds a block to the policy's sums on the near-equal path. Returns the sum of q - p.
template <class Policy>
V element_block(const Policy& policy, const BlockExponentials& in, int n, const InverseSums<V>& inverse_sums, V* row) {
  V sums[Policy::kSums] = {}, difference = {};
  for (int i = 0; i < n; i += kLanes) {
    Element<V> e = element_at(in, i, inverse_sums);
    policy.add(sums, e);
    difference += e.difference;
    if constexpr (kStoresDifferences<Policy>) store(e.difference, in.log_ratio + i);
  }
  for (int k = 0; k < Policy::kSums; k++) row[k] += sums[k];
  return difference;
}

}  // namespace
}  // namespace temper
