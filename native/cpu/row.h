// The loss of one row of any length, with classes across the lanes. In formulas z are student logits, u teacher logits,
// Ss and St their sums of exponentials.
#pragma once

#include "row_blocks.h"

namespace temper {
namespace {

// Returns what is subtracted from logits. For a maximum of -inf this is 0, because -inf - (-inf) would be NaN.
TEMPER_INLINE float shift_of(float max) { return max == -kInfinity ? 0.0f : max; }

// A block of logits as floats: full vectors in `body`, the elements after them in one padded vector at `tail`.
struct LogitBlock {
  const float* body;
  const float* tail;
  float max;
};

template <class Policy, bool soft, HardExp hard> struct Row {
  const LossJob& job;
  const LossParameters& parameters;
  const Scratch& scratch;
  const Policy& policy;
  int64_t row, label;
  double temperature;
  Exponential tempered{temperature}, untempered{1.0};  // exp((z - max)/T) and exp(z - max)
  float student_max = -kInfinity, teacher_max = -kInfinity;
  InverseSums<V> inverse_sums = {};
  V sums[Policy::kSums] = {};  // the policy's sums over the row, equal in all lanes
  float hard_inverse_sum = 0, divergence = 0, cross_entropy = 0;
  bool near_equal = false;  // the row is on the near-equal path

  TEMPER_INLINE int classes() const { return (int)parameters.classes; }

  // The flag depends only on the dtypes of the logits, so that the order of summation is the same for all outputs.
  const bool deinterleaved = parameters.student.dtype == kBf16 && (!soft || parameters.teacher.dtype == kBf16);

  // Number of floats in a block of n logits, with its padded tail and without its tail.
  TEMPER_INLINE int padded_length(int n) const { return deinterleaved ? padded_bf16(n) : padded(n); }
  TEMPER_INLINE int body_length(int n) const { return deinterleaved ? padded_bf16(n) : n & -kLanes; }

  TEMPER_INLINE LogitBlock block(const void* base, const Shape& shape, int from, int n, float* buffer) const {
    const char* in = address(base, shape, row, from);
    if (deinterleaved) return {buffer, buffer, deinterleave_block(in, n, buffer)};
    if (shape.dtype != kF32 || body_length(n) == n) {
      const float* all = load_block(shape.dtype, in, n, -kInfinity, buffer);
      return {all, all + body_length(n), block_max(all, padded(n))};
    }
    decode_tail<kF32>(in, body_length(n), n, -kInfinity, buffer);
    float a = block_max((const float*)in, body_length(n)), b = block_max(buffer, kLanes);
    return {(const float*)in, buffer, a > b ? a : b};
  }
  TEMPER_INLINE LogitBlock student_block(int from, int n, float* buffer) const {
    return block(job.student, parameters.student, from, n, buffer);
  }
  TEMPER_INLINE LogitBlock teacher_block(int from, int n, float* buffer) const {
    return block(job.teacher, parameters.teacher, from, n, buffer);
  }
  TEMPER_INLINE BlockExponentials exponentials(int from) const {
    return {scratch.student_exp + from, scratch.teacher_exp + from, scratch.hard_exp + from, scratch.log_ratio + from};
  }

  // Prefetches logits from `column` on; a column beyond this row means the next row. In rows of one block the gradient
  // is prefetched too, because a store that misses the caches delays later stores. Streaming stores need no prefetch.
  template <bool store_exp> TEMPER_INLINE Prefetch prefetch_at(int column) const {
    int64_t next = column < classes() ? row : row + 1;
    int from = column < classes() ? column : column - classes();
    PrefetchStream student = stream_at(job.student, parameters.student, next, from);
    bool gradient = store_exp && !job.stream_gradient && classes() <= kBlock;
    return {student, soft ? stream_at(job.teacher, parameters.teacher, next, from) : student,
            gradient ? stream_at(job.gradient, parameters.gradient, row, column - kBlock) : student};
  }

  // The first loop over the row, an online softmax by blocks: the block's maximum, then its exponentials shifted by the
  // largest maximum so far. Earlier sums are rescaled when the maximum rises; stored exponentials keep the shift of
  // their block.
  template <bool store_exp> void sum_exp(RowSumExp<Policy>& total) {
    alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      int n = classes() - from < kBlock ? classes() - from : kBlock;
      LogitBlock z = student_block(from, n, student_buffer), u = soft ? teacher_block(from, n, teacher_buffer) : z;
      float zm = z.max, um = u.max;
      if (zm > student_max || um > teacher_max) {
        float s = zm > student_max ? zm : student_max, t = um > teacher_max ? um : teacher_max;
        if (block > 0) rescale(total, s, t);
        student_max = s, teacher_max = t;
      }
      scratch.student_shift[block] = student_max;
      scratch.teacher_shift[block] = teacher_max;
      auto add = [&](const float* zi, const float* ui, int i, int part) {
        sum_block<Policy, soft, hard, store_exp>(policy, tempered, untempered, zi, ui, part, shift_of(student_max),
                                                 shift_of(teacher_max), total, exponentials(from + i),
                                                 prefetch_at<store_exp>(from + i + kBlock));
      };
      int end = body_length(n);
      for (int i = 0; i < end; i += kSubBlock)
        add(z.body + i, u.body + i, i, end - i < kSubBlock ? end - i : kSubBlock);
      if (end < n) add(z.tail, u.tail, end, kLanes);
    }
  }

  // Changes the sums so far from the old maxima to the new ones.
  void rescale(RowSumExp<Policy>& total, float new_student, float new_teacher) const {
    V ds = splat(student_max == -kInfinity ? 0.0f : new_student - student_max);
    V dt = splat(teacher_max == -kInfinity ? 0.0f : new_teacher - teacher_max);
    V fs = tempered(-ds), ft = tempered(-dt);
    if constexpr (soft && Policy::kRawSums > 0)
      policy.shift_raw(total.raw, total.student, total.teacher, ds, dt, fs, ft);
    total.student *= fs;
    total.teacher *= ft;
    total.hard *= untempered(-ds);
  }

  // Computes divergence and cross-entropy. With `gradient_follows` the exponentials are kept for store_gradient.
  void evaluate(bool gradient_follows) {
    RowSumExp<Policy> total;
    if (gradient_follows || (soft && Policy::kRawSums == 0)) sum_exp<true>(total); else sum_exp<false>(total);
    float student_sum = sum_lanes(total.student), teacher_sum = soft ? sum_lanes(total.teacher) : 1.0f;
    bool student_valid = student_sum > 0 && student_sum < kInfinity;
    bool valid = student_valid && teacher_sum > 0 && teacher_sum < kInfinity;
    if constexpr (hard != HardExp::kNone) {
      float hard_sum = hard == HardExp::kSame ? student_sum : sum_lanes(total.hard);
      hard_inverse_sum = valid ? 1.0f / hard_sum : __builtin_nanf("");
      float z = load_element(parameters.student.dtype, address(job.student, parameters.student, row, label), 0);
      cross_entropy =
          student_valid ? first_lane(log(splat(hard_sum))) - (z - shift_of(student_max)) : __builtin_nanf("");
    }
    inverse_sums.teacher = splat(valid ? 1.0f / teacher_sum : __builtin_nanf(""));
    inverse_sums.student = splat(valid ? 1.0f / student_sum : __builtin_nanf(""));
    if constexpr (!soft) return;
    divergence = valid ? 0.0f : __builtin_nanf("");
    if (!valid) return;
    if (!any(total.differ)) return clear_ratios();
    if constexpr (Policy::kRawSums > 0) {
      V raw[Policy::kRawSums];
      for (int k = 0; k < Policy::kRawSums; k++) raw[k] = splat(sum_lanes(total.raw[k]));
      V unit = splat((float)(1 / temperature));
      divergence = first_lane(policy.raw_value(raw, splat(student_sum), splat(teacher_sum), unit));
    } else {
      evaluate_ratios(student_sum, teacher_sum);
    }
    if (divergence >= policy.nearly_equal()) return;
    evaluate_near_equal(student_sum, teacher_sum);
  }

  // Sets the slopes of a row equal to the teacher to 0. Until then log_ratio holds differences, which are NaN for
  // padding and for logits of -inf.
  void clear_ratios() const {
    if constexpr (Policy::kCentred)
      for (int i = 0; i < padded_length(classes()); i += kLanes) store(V{}, scratch.log_ratio + i);
  }

  // The second loop over the row, for a policy that needs p and q. Exponentials and differences are read from scratch
  // memory, at the shift of each block.
  void evaluate_ratios(float student_sum, float teacher_sum) {
    inverse_sums.log_ratio = (log(splat(student_sum)) - log(splat(teacher_sum))) * kLog2E;
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      InverseSums<V> block_inverse = inverse_sums_at_block(block);
      int n = padded_length(classes() - from < kBlock ? classes() - from : kBlock);
      for (int i = 0; i < n; i += kSubBlock)
        add_ratios(policy, tempered.c, exponentials(from + i), n - i < kSubBlock ? n - i : kSubBlock, block_inverse,
                   sums);
    }
    for (int k = 0; k < Policy::kSums; k++) sums[k] = splat(sum_lanes(sums[k]));
    policy.finish(sums);
    divergence = first_lane(policy.value(sums));
  }

  // Returns the row's inverse sums for exponentials at the shift of a block. A block whose maximum so far was -inf gets
  // the factor 0, and its exponentials are 0.
  InverseSums<V> inverse_sums_at_block(int block) const {
    InverseSums<V> result = inverse_sums;
    if (scratch.student_shift[block] == student_max && scratch.teacher_shift[block] == teacher_max) return result;
    V ds = splat(scratch.student_shift[block] - student_max), dt = splat(scratch.teacher_shift[block] - teacher_max);
    result.student *= tempered(ds);
    result.teacher *= tempered(dt);
    result.log_ratio += (dt - ds) * tempered.c;
    return result;
  }

  // The near-equal path: two more loops over the row, with all exponentials shifted by the row's final maxima.
  void evaluate_near_equal(float student_sum, float teacher_sum) {
    near_equal = true;
    V excess_sum = {};
    for (V& sum : sums) sum = V{};
    for (int from = 0; from < classes(); from += kBlock) excess_sum += recompute<true>(from);
    inverse_sums = temper::inverse_sums(splat(sum_lanes(excess_sum)), splat(student_sum), splat(teacher_sum));
    for (int from = 0; from < classes(); from += kBlock) {
      int n = classes() - from < kBlock ? classes() - from : kBlock;
      add_block(policy, exponentials(from), padded_length(n), inverse_sums, sums);
    }
    for (int k = 0; k < Policy::kSums; k++) sums[k] = splat(sum_lanes(sums[k]));
    divergence = first_lane(policy.value(sums));
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      scratch.student_shift[block] = student_max;
      scratch.teacher_shift[block] = teacher_max;
    }
  }

  // recompute_block for the block that begins at class `from`.
  template <bool on_near_equal_path> V recompute(int from) const {
    alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
    int n = classes() - from < kBlock ? classes() - from : kBlock;
    LogitBlock z = student_block(from, n, student_buffer), u = soft ? teacher_block(from, n, teacher_buffer) : z;
    RowShift<V> shift = row_shift(splat(student_max), splat(teacher_max), splat((float)(1 / temperature)));
    auto recompute = [&](const float* zi, const float* ui, int i, int part) {
      return recompute_block<Policy, soft, hard, on_near_equal_path>(policy, tempered, untempered, zi, ui, part,
                                                                     student_max, teacher_max, shift, inverse_sums,
                                                                     exponentials(from + i));
    };
    int end = body_length(n);
    V excess_sum = recompute(z.body, u.body, 0, end);
    return end < n ? excess_sum + recompute(z.tail, u.tail, end, kLanes) : excess_sum;
  }

  // Stores the row's gradient, computed from the exponentials that evaluate left in scratch memory. With
  // `from_statistics` they are computed again from the logits and the saved statistics.
  void store_gradient(GradientFactors factors, bool from_statistics) const {
    alignas(64) float out[kBlock + kLanes];
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      int n = classes() - from < kBlock ? classes() - from : kBlock;
      InverseSums<V> block_inverse = inverse_sums;
      float block_hard_inverse = hard_inverse_sum;
      if (from_statistics) {
        if (near_equal) recompute<true>(from); else recompute<false>(from);
      } else {
        block_inverse = inverse_sums_at_block(block);
        if (scratch.student_shift[block] != student_max)
          block_hard_inverse *= first_lane(untempered(splat(scratch.student_shift[block] - student_max)));
      }
      if (near_equal)
        gradient_block<Policy, soft, hard, true>(policy, exponentials(from), padded_length(n), block_inverse, sums,
                                                 block_hard_inverse, factors, out);
      else
        gradient_block<Policy, soft, hard, false>(policy, exponentials(from), padded_length(n), block_inverse, sums,
                                                  block_hard_inverse, factors, out);
      if (hard != HardExp::kNone && label >= from && label < from + n)
        out[deinterleaved ? deinterleaved_index((int)label - from) : label - from] -= factors.hard;
      store_block(parameters.gradient.dtype, deinterleaved, out, n,
                  (void*)address(job.gradient, parameters.gradient, row, from),
                  kHasStreamingStores && job.stream_gradient);
    }
    store_zeros(parameters.gradient, job.gradient, row, parameters.classes);
  }
};

}  // namespace
}  // namespace temper
