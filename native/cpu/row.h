// The loss of one row of any length, with classes across the lanes. In formulas z are student logits, u teacher logits,
// Ss and St their sums of exponentials.
#pragma once

#include "row_label.h"
#include "row_logits.h"

namespace temper {
namespace {

// kInfinite: the teacher lacks a class, and D is +inf.
enum class RowPath { kFast, kNearEqual, kInfinite, kFar };

template <class Policy, bool soft> struct Row : RowLogits {
  typedef RawSumsOf<Policy, soft> Raw;
  static constexpr bool kRaw = soft && Raw::kRawSums > 0;
  static constexpr bool kClasses = soft && Policy::kValue == ValueForm::kClasses;
  static constexpr bool kLogits = soft && Policy::kValue == ValueForm::kLogits;
  static constexpr bool kElementwise = soft && Policy::kGradient == GradientForm::kElementwise;
  static constexpr bool kSoftExp = soft && !(kLogits && kElementwise);  // the soft part has exponentials
  static constexpr bool kLabelApart = soft && Policy::kLabelApart;      // all sums leave out the label's class

  const Scratch& scratch;
  const Policy& policy;
  RowTask task;
  HardExp hard;
  const RowScales& scales;
  const Standardisation* standardisation = nullptr;  // of the student; null: the logits are not standardised

  bool is_flat = false;  // the soft part is 0, because its standardised logits are

  // Results of evaluate().
  float student_max = -kInfinity, teacher_max = -kInfinity;
  InverseSums<V> inverse_sums = {};
  V sums[Policy::kSums] = {};  // the policy's sums over the row, equal in all lanes
  V log_sum_ratio = {};        // near-equal path: log(Ss/St) as the fast path has it
  float hard_inverse_sum = 0, log_sum_exp = 0, present_classes = 0;
  // With kLabelApart: softmax(z) of the label, and whether the tensors have other classes.
  float label_probability = 0;
  bool student_has_rest = true, teacher_has_rest = true;
  RowPath path = RowPath::kFast;
  bool finite = false;  // all logits are known to be finite, because the raw sums are
  float divergence = 0, cross_entropy = 0, label_log_prob = 0, student_entropy = 0, teacher_entropy = 0;

  // Whether both tensors have a softmax.
  bool is_valid() const {
    float inverse = first_lane(inverse_sums.student);
    return inverse == inverse;
  }

  TEMPER_INLINE BlockExponentials exponentials(int from) const {
    return {scratch.student_exp + from, scratch.teacher_exp + from, scratch.hard_exp + from, scratch.log_ratio + from};
  }

  TEMPER_INLINE const Raw& raw_policy() const {
    static constexpr NoRawSums kNone = {};
    if constexpr (kRaw) return policy;
    else return kNone;
  }

  TEMPER_INLINE RowShift<V> one_scale_shift() const {
    return row_shift(splat(student_max), splat(teacher_max), scales.unit);
  }
  TEMPER_INLINE bool two_scales() const { return scales.teacher_unit[0] != 1.0f; }

  // The blocks of the sums: student_block and teacher_or, without the label's class if the policy leaves it out.
  template <bool find_max = false> TEMPER_INLINE LogitBlock summed_student(int from, int n, float* buffer) const {
    LogitBlock z = student_block<find_max>(from, n, buffer);
    if constexpr (kLabelApart) z = without_class<find_max>((int)task.label - from, z, n, buffer);
    return z;
  }
  template <bool find_max = false>
  TEMPER_INLINE LogitBlock summed_teacher_or(const LogitBlock& student, int from, int n, float* buffer) const {
    LogitBlock u = teacher_or<find_max>(student, from, n, buffer);
    if constexpr (kLabelApart) u = without_class<find_max>((int)task.label - from, u, n, buffer);
    return u;
  }

  // The far path: the largest weight of a class, and sums relative to it. Without any, D stays +inf.
  TEMPER_RARE void evaluate_far() {
    V peak = splat(-kInfinity);
    FarExponents far = far_exponents();
    for_row([&](const float* z, const float* u, int, int n) {
      for (int i = 0; i < n; i += kLanes)
        peak = max(policy.far_weight(far.teacher(load(u + i)), far.student(load(z + i))), peak);
    });
    peak = splat(max_lanes(peak));
    if (!(peak[0] > -kInfinity)) return;
    path = RowPath::kFar;
    for (V& sum : sums) sum = V{};
    for_row([&](const float* z, const float* u, int, int n) {
      for (int i = 0; i < n; i += kLanes)
        policy.add_far(sums, far.teacher(load(u + i)), far.student(load(z + i)), peak);
    });
    for (V& sum : sums) sum = splat(sum_lanes(sum));
    policy.finish_far(sums, peak);
    divergence = first_lane(sums[0]);
  }

  FarExponents far_exponents() const {
    return {splat(student_max), splat(teacher_max), scales.student.c, scales.teacher.c, inverse_sums};
  }

  // Mean and deviation of both tensors.
  void standardise(Standardisation& student, Standardisation& teacher) const {
    for_row([&](const float* z, const float* u, int, int n) {
      student.add(z, n);
      teacher.add(u, n);
    });
    student.finish_mean();
    teacher.finish_mean();
    for_row([&](const float* z, const float* u, int, int n) {
      student.add_squares(z, n);
      teacher.add_squares(u, n);
    });
  }

  // The first loop over the row, an online softmax by blocks: the block's maximum, then its exponentials shifted by the
  // largest maximum so far. Stored exponentials keep the shift of their block.
  template <bool store_exp> RowPartial<Raw> sum_exp(PresentClasses& present) {
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

  // The length of the sub-block that starts at a place in a block. It ends after the vector of an absent label, because
  // only the last vectors of a sub-block may hold logits of -inf.
  TEMPER_INLINE int sub_block_length(int from, int place) const {
    if constexpr (kLabelApart) {
      int label = (int)task.label - from;
      if (label < 0 || label >= kBlock) return kSubBlock;
      int end = (place_in_block(label) - place) / kLanes * kLanes + kLanes;
      return place_in_block(label) >= place && end < kSubBlock ? end : kSubBlock;
    }
    return kSubBlock;
  }

  template <bool store_exp>
  TEMPER_INLINE void add_sub_block(const float* z, const float* u, int n, RowPartial<Raw>& part, int column) const {
    Prefetch prefetch = prefetch_at<store_exp>(column + kBlock);
    if (kSoftExp && two_scales()) {  // the hard part reuses nothing then
      if (hard == HardExp::kNone)
        return sum_block<Raw, kSoftExp, HardExp::kNone, store_exp, true>(raw_policy(), scales, z, u, n, part,
                                                                         exponentials(column), prefetch);
      return sum_block<Raw, kSoftExp, HardExp::kSeparate, store_exp, true>(raw_policy(), scales, z, u, n, part,
                                                                           exponentials(column), prefetch);
    }
    with_hard_exp(hard, [&](auto tag) {
      sum_block<Raw, kSoftExp, decltype(tag)::kValue, store_exp, false>(raw_policy(), scales, z, u, n, part,
                                                                        exponentials(column), prefetch);
    });
  }

  // Computes divergence and cross-entropy. With `gradient_follows` the exponentials are kept for store_gradient.
  void evaluate(bool gradient_follows) {
    PresentClasses present;
    bool stored = gradient_follows || kClasses;
    RowPartial<Raw> total = stored ? sum_exp<true>(present) : sum_exp<false>(present);
    float student_sum = sum_lanes(total.student), teacher_sum = kSoftExp ? sum_lanes(total.teacher) : 1.0f;
    bool student_valid = student_sum > 0 && student_sum < kInfinity;
    bool valid = student_valid && teacher_sum > 0 && teacher_sum < kInfinity;
    if constexpr (kLabelApart) {
      student_valid = is_valid_with_label(student_sum, student_logit(task.label));
      valid = student_valid && is_valid_with_label(teacher_sum, teacher_logit(task.label));
      student_has_rest = student_sum != 0;
      teacher_has_rest = teacher_sum != 0;
      if (!student_has_rest) student_max = 0;
      if (!teacher_has_rest) teacher_max = 0;
    }
    if constexpr (kLogits) valid = valid && teacher_max > -kInfinity && teacher_max < kInfinity;
    if (hard != HardExp::kNone) finish_hard(total, present, student_valid, valid);
    inverse_sums.teacher = splat(valid ? inverse_of(teacher_sum) : __builtin_nanf(""));
    inverse_sums.student = splat(valid ? inverse_of(student_sum) : __builtin_nanf(""));
    if constexpr (soft) {
      divergence = valid ? 0.0f : __builtin_nanf("");
      if (!valid || is_flat) return;
      if constexpr (kSoftExp && kNeedsRatios<Policy>)
        inverse_sums.log_ratio = (log(splat(student_sum)) - log(splat(teacher_sum))) * kLog2E;
      if constexpr (kRaw)
        if (student_has_rest && teacher_has_rest) finish_raw(total, student_sum, teacher_sum);
      if constexpr (kClasses) finish_ratios();
      if constexpr (kLogits) finish_sums();
      divergence = first_lane(sums[0]);
      if constexpr (kLogits)  // a NaN of the teacher
        if (divergence != divergence) inverse_sums.student = sums[0];
      if constexpr (!kLogits)
        if (divergence < policy.nearly_equal() && student_has_rest && teacher_has_rest)
          evaluate_near_equal(student_sum, teacher_sum, stored);
      if constexpr (kLabelApart) finish_label(student_sum, teacher_sum);
      if constexpr (Policy::kFar)
        if (any(policy.is_far(sums))) evaluate_far();
      if constexpr (Policy::kInfiniteLimit)
        if (any(policy.teacher_lacks_class(sums))) path = RowPath::kInfinite;
    }
  }

  // The factor of exponentials that are all 0 must not be infinite.
  static float inverse_of(float sum) { return kLabelApart && sum == 0 ? 0 : 1.0f / sum; }

  // Turns the sums of the rest into those of the row (row_label.h).
  void finish_label(float student_sum, float teacher_sum) {
    float z = student_logit(task.label), u = teacher_logit(task.label);
    LabelOdds<V> odds = label_odds(scales, z, u, student_max, teacher_max, student_sum, teacher_sum);
    if (path == RowPath::kNearEqual) {
      V d = two_scales() ? log_ratio(splat(z), splat(u), scales.two_scale_shift(student_max, teacher_max))
                         : log_ratio(splat(z), splat(u), one_scale_shift());
      odds.difference = (d + log_sum_ratio) + inverse_sums.log_ratio;
    }
    policy.finish_label(sums, odds);
    divergence = first_lane(sums[0]);
  }

  void finish_hard(const RowPartial<Raw>& total, const PresentClasses& present, bool student_valid, bool valid) {
    float hard_sum = hard == HardExp::kSame ? sum_lanes(total.student) : sum_lanes(total.hard);
    hard_inverse_sum = valid ? 1.0f / hard_sum : __builtin_nanf("");
    present_classes = (float)present.count;
    cross_entropy = parameters.hard_weight > 0 ? __builtin_nanf("") : 0.0f;
    label_log_prob = __builtin_nanf("");
    if (!student_valid) return;
    float z = student_logit(task.label);
    float log_sum = first_lane(log(splat(hard_sum))), shifted = z - shift_of(student_max);
    label_log_prob = shifted - log_sum;
    double present_sum = present.sum;
    if constexpr (kLabelApart) {
      SumWithLabel<V> all(splat(hard_sum), splat(shifted));
      log_sum = first_lane(all.log_sum);
      label_log_prob = first_lane(all.label_log_prob);
      label_probability = first_lane(all.probability);
      if (valid) hard_inverse_sum = first_lane(all.inverse_sum);
      if (z > -kInfinity) present_classes++, present_sum += z;
    }
    log_sum_exp = log_sum + shift_of(student_max);
    if (parameters.hard_weight == 0) return;  // only the label's log-probability is wanted
    cross_entropy = -label_log_prob;
    float smoothing = parameters.label_smoothing;
    if (smoothing > 0 && shifted > -kInfinity) {
      double mean_shifted = present_sum / present_classes - shift_of(student_max);
      cross_entropy = (float)(cross_entropy + smoothing * (shifted - mean_shifted));
    }
    cross_entropy += parameters.z_loss * log_sum_exp * log_sum_exp;
  }

  void finish_sums() {
    for (V& sum : sums) sum = splat(sum_lanes(sum));
    policy.finish(sums);
  }

  // A raw sum that is not finite comes from a logit of -inf, or D is +inf.
  void finish_raw(const RowPartial<Raw>& total, float student_sum, float teacher_sum) {
    V raw[Raw::kRawSums];
    for (int k = 0; k < Raw::kRawSums; k++) raw[k] = splat(sum_lanes(total.raw[k]));
    policy.finish_raw(raw, splat(student_sum), splat(teacher_sum), scales.unit, sums);
    finite = first_lane(sums[0]) < kInfinity;
    if (!finite) finish_any_raw(student_sum, teacher_sum);
  }

  // The raw sums of a row with a logit of -inf.
  TEMPER_RARE void finish_any_raw(float student_sum, float teacher_sum) {
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

  // The second loop over the row, for a policy that needs p and q. Exponentials and differences are read from scratch
  // memory, at the shift of each block.
  void finish_ratios() {
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      InverseSums<V> block_inverse = inverse_sums_at_block(block);
      int n = padded_length(block_length(from));
      for (int i = 0; i < n; i += kSubBlock)
        ratio_block(policy, scales.student.c, exponentials(from + i), n - i < kSubBlock ? n - i : kSubBlock,
                    block_inverse, sums);
    }
    finish_sums();
  }

  // Returns the row's inverse sums for exponentials at the shift of a block. A block whose maximum so far was -inf gets
  // the factor 0, and its exponentials are 0.
  InverseSums<V> inverse_sums_at_block(int block) const {
    InverseSums<V> result = inverse_sums;
    if (scratch.student_shift[block] == student_max && scratch.teacher_shift[block] == teacher_max) return result;
    V ds = splat(scratch.student_shift[block] - student_max), dt = splat(scratch.teacher_shift[block] - teacher_max);
    result.student *= scales.student(ds);
    result.teacher *= scales.teacher(dt);
    result.log_ratio += (dt * scales.teacher_unit - ds) * scales.student.c;
    return result;
  }

  // The near-equal path, with all exponentials shifted by the row's final maxima. log(p/q) of a class is known up to
  // log(Ss/St), whose f32 value has an error of about 1e-7. The sum of q - p over the row, which is 0, shows that
  // error.
  TEMPER_RARE void evaluate_near_equal(float student_sum, float teacher_sum, bool stored) {
    path = RowPath::kNearEqual;
    log_sum_ratio = log(splat(student_sum)) - log(splat(teacher_sum));
    for (int from = 0, block = 0; from < classes(); from += kBlock, block++) {
      if (stored) shift_exponentials(block);
      else recompute<false>(from);
      scratch.student_shift[block] = student_max;
      scratch.teacher_shift[block] = teacher_max;
      store_log_ratios(from);
    }
    inverse_sums.log_ratio = V{};
    V excess = splat(sum_elements());
    inverse_sums.log_ratio = log1p(max(excess, splat(-0.5f)));
    // An error e of log(p/q) changes D by e^2 / 2 if D is quadratic, else by up to e.
    bool accurate = Policy::kQuadratic ? excess[0] * excess[0] <= 1e-7f * first_lane(sums[0]) : excess[0] == 0;
    if (!accurate) {
      // A constant that is far larger than log(p/q) itself spoils the sum of both by its rounding. It is corrected
      // before it is added.
      V constant = log_sum_ratio + inverse_sums.log_ratio;
      bool spoiled = log_sum_ratio[0] * log_sum_ratio[0] > 64 * first_lane(sums[0]);
      if (spoiled) {
        log_sum_ratio = constant;
        for (int from = 0; from < classes(); from += kBlock) store_log_ratios(from);
        inverse_sums.log_ratio = V{};
      }
      float rest = sum_elements();
      if (spoiled) inverse_sums.log_ratio = log1p(splat(rest));
    }
    divergence = first_lane(sums[0]);
  }

  // Shifts the stored exponentials of a block by the row's maxima.
  void shift_exponentials(int block) const {
    V ds = splat(scratch.student_shift[block] - student_max), dt = splat(scratch.teacher_shift[block] - teacher_max);
    if (ds[0] == 0 && dt[0] == 0) return;
    int from = block * kBlock, n = padded_length(block_length(from));
    BlockExponentials e = exponentials(from);
    scale_block(e.student, n, scales.student(ds));
    scale_block(e.teacher, n, scales.teacher(dt));
    if (hard == HardExp::kSeparate) scale_block(e.hard, n, scales.untempered(ds));
  }

  // Computes the policy's sums from the elements. Returns the sum of q - p.
  float sum_elements() {
    V difference = {};
    for (V& sum : sums) sum = V{};
    for (int from = 0; from < classes(); from += kBlock)
      difference += element_block(policy, exponentials(from), padded_length(block_length(from)), inverse_sums, sums);
    for (V& sum : sums) sum = splat(sum_lanes(sum));
    policy.finish_elements(sums);
    return sum_lanes(difference);
  }

  // Computes the exponentials of the block that begins at class `from` again, relative to the row's maxima.
  template <bool ratios> void recompute(int from) const {
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

  // log_ratio_block for the block that begins at class `from`.
  void store_log_ratios(int from) const {
    alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
    int n = block_length(from);
    LogitBlock z = summed_student(from, n, student_buffer), u = summed_teacher_or(z, from, n, teacher_buffer);
    bool all_finite = finite && !(kLabelApart && (unsigned)((int)task.label - from) < (unsigned)n);
    for_parts(z, u, n, [&](const float* zi, const float* ui, int i, int part) {
      float* out = exponentials(from + i).log_ratio;
      if (two_scales())
        log_ratio_block(scales.two_scale_shift(student_max, teacher_max), log_sum_ratio, all_finite, zi, ui, part, out);
      else
        log_ratio_block(one_scale_shift(), log_sum_ratio, all_finite, zi, ui, part, out);
    });
  }

  // Entropies of the two distributions at their temperatures, without a soft part that of the student at the loss's.
  TEMPER_RARE void evaluate_entropies() {
    Entropy student(soft ? scales.student_temperature : task.temperature), teacher(scales.teacher_temperature);
    float student_shift = shift_of(student_max), teacher_shift = shift_of(teacher_max);
    if constexpr (kLabelApart) {
      float z = student_logit(task.label), u = teacher_logit(task.label);
      if (z > student_shift || !student_has_rest) student_shift = z;
      if (u > teacher_shift || !teacher_has_rest) teacher_shift = u;
    }
    for_row([&](const float* z, const float* u, int, int n) {
      student.add(z, n, student_shift);
      if constexpr (soft) teacher.add(u, n, teacher_shift);
    });
    student_entropy = student.value();
    if constexpr (soft) teacher_entropy = teacher.value();
  }
};

}  // namespace
}  // namespace temper
