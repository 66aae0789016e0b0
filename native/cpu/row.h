// One row of the loss, of any length: classes across the lanes.
#pragma once

#include "row_blocks.h"

namespace temper {
namespace {

TEMPER_INLINE float first(V a) { return a[0]; }
// A maximum of -inf would turn absent classes into NaN.
TEMPER_INLINE float shift_of(float max) { return max == -kInfinity ? 0.0f : max; }

// A block of logits as floats: whole vectors, or pairs, and what is left in a vector of its own.
struct Logits {
  const float* whole;
  const float* rest;
  float max;
};

template <class Policy, bool soft, Hard hard> struct Row {
  const LossJob& job;
  const LossParameters& parameters;
  const Scratch& scratch;
  const Policy& policy;
  int64_t row, label;
  double temperature;
  Exponents tempered{temperature}, plain{1.0};
  float student_max = -kInfinity, teacher_max = -kInfinity;
  InverseSums<V> inverse_sums = {};
  V sums[Policy::kSums] = {};       // row sums, the same in every lane
  float hard_inverse = 0, divergence = 0, cross_entropy = 0;
  bool accurate = false;

  TEMPER_INLINE int classes() const { return (int)parameters.classes; }

  // Depends on the dtypes of the logits alone: the order of summation does not change with what else is asked for.
  const bool paired = parameters.student.dtype == kBf16 && (!soft || parameters.teacher.dtype == kBf16);

  // How many floats a block of n logits comes to, and how many of them follow one another.
  TEMPER_INLINE int floats(int n) const { return paired ? whole_pairs(n) : padded(n); }
  TEMPER_INLINE int whole(int n) const { return paired ? whole_pairs(n) : n & -kLanes; }

  TEMPER_INLINE Logits block(const void* base, const Shape& shape, int from, int n, float* buffer) const {
    const char* in = at(base, shape, row, from);
    if (paired) return {buffer, buffer, decode_pairs(in, n, buffer)};
    if (shape.dtype != kF32 || whole(n) == n) {
      const float* all = load_block(shape.dtype, in, n, -kInfinity, buffer);
      return {all, all + whole(n), block_max(all, padded(n))};
    }
    decode_rest<kF32>(in, whole(n), n, -kInfinity, buffer);
    float a = block_max((const float*)in, whole(n)), b = block_max(buffer, kLanes);
    return {(const float*)in, buffer, a > b ? a : b};
  }
  TEMPER_INLINE Logits student_block(int from, int n, float* buffer) const {
    return block(job.student, parameters.student, from, n, buffer);
  }
  TEMPER_INLINE Logits teacher_block(int from, int n, float* buffer) const {
    return block(job.teacher, parameters.teacher, from, n, buffer);
  }
  TEMPER_INLINE BlockExponentials exponentials(int from) const {
    return {scratch.student_exp + from, scratch.teacher_exp + from, scratch.hard_exp + from, scratch.log_ratio + from};
  }

  // `keep` as in sum. A gradient that is neither streamed nor far away is fetched too: a store that misses the caches holds up those after it.
  template <bool keep> TEMPER_INLINE Upcoming upcoming(int column) const {
    int64_t next = column < classes() ? row : row + 1;
    int from = column < classes() ? column : column - classes();
    Fetched student = fetched(job.student, parameters.student, next, from);
    bool soon = keep && !job.stream_gradient && classes() <= kBlock;
    return {student, soft ? fetched(job.teacher, parameters.teacher, next, from) : student,
            soon ? fetched(job.gradient, parameters.gradient, row, column - kBlock) : student};
  }
  static TEMPER_INLINE Fetched fetched(const void* base, const Shape& shape, int64_t row, int column) {
    return {at(base, shape, row, column), element_bytes(shape.dtype)};
  }

  // Sweep 1. Blocks fit the first-level cache: their maxima first, then the exponentials at the maxima so far, rescaled when these rise.
  template <bool keep> void sum(RowSums<Policy>& total) {
    alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      int n = classes() - from < kBlock ? classes() - from : kBlock;
      Logits z = student_block(from, n, student_buffer), u = soft ? teacher_block(from, n, teacher_buffer) : z;
      float zm = z.max, um = u.max;
      if (zm > student_max || um > teacher_max) {
        float s = zm > student_max ? zm : student_max, t = um > teacher_max ? um : teacher_max;
        if (block > 0) rescale(total, s, t);
        student_max = s, teacher_max = t;
      }
      scratch.student_shift[block] = student_max;
      scratch.teacher_shift[block] = teacher_max;
      auto add = [&](const float* zi, const float* ui, int i, int part) {
        sum_block<Policy, soft, hard, keep>(policy, tempered, plain, zi, ui, part, shift_of(student_max), shift_of(teacher_max), total,
                                            exponentials(from + i), upcoming<keep>(from + i + kBlock));
      };
      int end = whole(n);
      for (int i = 0; i < end; i += kChain) add(z.whole + i, u.whole + i, i, end - i < kChain ? end - i : kChain);
      if (end < n) add(z.rest, u.rest, end, kLanes);
    }
  }

  void rescale(RowSums<Policy>& total, float new_student, float new_teacher) const {
    V ds = splat(student_max == -kInfinity ? 0.0f : new_student - student_max);
    V dt = splat(teacher_max == -kInfinity ? 0.0f : new_teacher - teacher_max);
    V fs = tempered(-ds), ft = tempered(-dt);
    if constexpr (soft && Policy::kRawSums > 0) policy.shift_raw(total.raw, total.student, total.teacher, ds, dt, fs, ft);
    total.student *= fs;
    total.teacher *= ft;
    total.hard *= plain(-ds);
  }

  // From the sums to the row's values; `keep` as in sum: a gradient follows.
  void evaluate(bool keep) {
    RowSums<Policy> total;
    if (keep || (soft && Policy::kRawSums == 0)) sum<true>(total); else sum<false>(total);
    float student_sum = sum_lanes(total.student), teacher_sum = soft ? sum_lanes(total.teacher) : 1.0f;
    bool student_sound = student_sum > 0 && student_sum < kInfinity;
    bool sound = student_sound && teacher_sum > 0 && teacher_sum < kInfinity;
    if constexpr (hard != Hard::kNone) {
      float hard_sum = hard == Hard::kSame ? student_sum : sum_lanes(total.hard);
      hard_inverse = sound ? 1.0f / hard_sum : __builtin_nanf("");
      float z = load_one(parameters.student.dtype, at(job.student, parameters.student, row, label), 0);
      cross_entropy = student_sound ? first(log(splat(hard_sum))) - (z - shift_of(student_max)) : __builtin_nanf("");
    }
    inverse_sums.teacher = splat(sound ? 1.0f / teacher_sum : __builtin_nanf(""));
    inverse_sums.student = splat(sound ? 1.0f / student_sum : __builtin_nanf(""));
    if constexpr (!soft) return;
    divergence = sound ? 0.0f : __builtin_nanf("");
    if (!sound) return;
    if (!any(total.differ)) return forget_ratios();
    if constexpr (Policy::kRawSums > 0) {
      V raw[Policy::kRawSums];
      for (int k = 0; k < Policy::kRawSums; k++) raw[k] = splat(sum_lanes(total.raw[k]));
      divergence = first(policy.raw_value(raw, splat(student_sum), splat(teacher_sum), splat((float)(1 / temperature))));
    } else {
      evaluate_by_ratios(student_sum, teacher_sum);
    }
    if (divergence >= policy.nearly_equal()) return;
    evaluate_accurately(student_sum, teacher_sum);
  }

  // Equal rows: every slope is 0. The difference of an absent class is NaN until then, in the odd half of the last pair too.
  void forget_ratios() const {
    if constexpr (Policy::kCentred) for (int i = 0; i < floats(classes()); i += kLanes) store(V{}, scratch.log_ratio + i);
  }

  // Each block stands at the maxima that it found.
  void evaluate_by_ratios(float student_sum, float teacher_sum) {
    inverse_sums.log_ratio = (log(splat(student_sum)) - log(splat(teacher_sum))) * kLog2E;
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      InverseSums<V> here = at_block(block);
      int n = floats(classes() - from < kBlock ? classes() - from : kBlock);
      for (int i = 0; i < n; i += kChain) add_ratios(policy, tempered.c, exponentials(from + i), n - i < kChain ? n - i : kChain, here, sums);
    }
    for (int k = 0; k < Policy::kSums; k++) sums[k] = splat(sum_lanes(sums[k]));
    policy.finish(sums);
    divergence = first(policy.value(sums));
  }

  // The row's inverse_sums for exponentials at the maxima that a block was summed with. A block before which every logit was -inf has a
  // factor of 0, and exponentials of 0.
  InverseSums<V> at_block(int block) const {
    InverseSums<V> here = inverse_sums;
    if (scratch.student_shift[block] == student_max && scratch.teacher_shift[block] == teacher_max) return here;
    V ds = splat(scratch.student_shift[block] - student_max), dt = splat(scratch.teacher_shift[block] - teacher_max);
    here.student *= tempered(ds);
    here.teacher *= tempered(dt);
    here.log_ratio += (dt - ds) * tempered.c;
    return here;
  }

  // Sweeps 2 and 3; leaves the exponentials of the whole row at its final maxima.
  void evaluate_accurately(float student_sum, float teacher_sum) {
    accurate = true;
    V excess_sum = {};
    for (V& sum : sums) sum = V{};
    for (int from = 0; from < classes(); from += kBlock) excess_sum += fill<true>(from);
    inverse_sums = temper::inverse_sums(splat(sum_lanes(excess_sum)), splat(student_sum), splat(teacher_sum));
    for (int from = 0; from < classes(); from += kBlock) {
      int n = classes() - from < kBlock ? classes() - from : kBlock;
      add_block(policy, exponentials(from), floats(n), inverse_sums, sums);
    }
    for (int k = 0; k < Policy::kSums; k++) sums[k] = splat(sum_lanes(sums[k]));
    divergence = first(policy.value(sums));
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      scratch.student_shift[block] = student_max;
      scratch.teacher_shift[block] = teacher_max;
    }
  }

  template <bool on_accurate_route> V fill(int from) const {
    alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
    int n = classes() - from < kBlock ? classes() - from : kBlock;
    Logits z = student_block(from, n, student_buffer), u = soft ? teacher_block(from, n, teacher_buffer) : z;
    RowShift<V> shift = row_shift(splat(student_max), splat(teacher_max), splat((float)(1 / temperature)));
    auto fill = [&](const float* zi, const float* ui, int i, int part) {
      return fill_block<Policy, soft, hard, on_accurate_route>(policy, tempered, plain, zi, ui, part, student_max, teacher_max, shift,
                                                               inverse_sums, exponentials(from + i));
    };
    int end = whole(n);
    V excess_sum = fill(z.whole, u.whole, 0, end);
    return end < n ? excess_sum + fill(z.rest, u.rest, end, kLanes) : excess_sum;
  }

  // The gradient from the exponentials in scratch (`fresh`: from the logits and saved statistics, block by block).
  void store_gradient(GradientScale scale, bool fresh) const {
    alignas(64) float out[kBlock + kLanes];
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      int n = classes() - from < kBlock ? classes() - from : kBlock;
      InverseSums<V> here = inverse_sums;
      float inverse = hard_inverse;
      if (fresh) {
        if (accurate) fill<true>(from); else fill<false>(from);
      } else {
        here = at_block(block);
        if (scratch.student_shift[block] != student_max) inverse *= first(plain(splat(scratch.student_shift[block] - student_max)));
      }
      if (accurate) gradient_block<Policy, soft, hard, true>(policy, exponentials(from), floats(n), here, sums, inverse, scale, out);
      else gradient_block<Policy, soft, hard, false>(policy, exponentials(from), floats(n), here, sums, inverse, scale, out);
      if (hard != Hard::kNone && label >= from && label < from + n)
        out[paired ? position_in_pairs((int)label - from) : label - from] -= scale.hard;
      store_block(parameters.gradient.dtype, paired, out, n, (void*)at(job.gradient, parameters.gradient, row, from), kStreams && job.stream_gradient);
    }
    store_zeros(parameters.gradient, job.gradient, row, parameters.classes);
  }

  void save(CallersFloat* statistics) const {
    statistics[kStudentMax] = shift_of(student_max);
    statistics[kStudentInverse] = first(inverse_sums.student);
    statistics[kTeacherMax] = shift_of(teacher_max);
    statistics[kTeacherInverse] = first(inverse_sums.teacher);
    statistics[kHardInverse] = hard_inverse;
    statistics[kLogRatio] = first(inverse_sums.log_ratio);
    statistics[kPolicySum] = first(sums[Policy::kSums - 1]);
    statistics[kRoute] = accurate ? 1.0f : 0.0f;
  }

  void restore(const CallersFloat* statistics) {
    student_max = statistics[kStudentMax];
    teacher_max = statistics[kTeacherMax];
    inverse_sums.student = splat(statistics[kStudentInverse]);
    inverse_sums.teacher = splat(statistics[kTeacherInverse]);
    inverse_sums.log_ratio = splat(statistics[kLogRatio]);
    hard_inverse = statistics[kHardInverse];
    sums[Policy::kSums - 1] = splat(statistics[kPolicySum]);
    accurate = statistics[kRoute] != 0.0f;
  }
};

}  // namespace
}  // namespace temper
