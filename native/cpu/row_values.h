// The values of one row, computed from its sums, by members of Row.
#pragma once

#include "row_near_equal.h"

namespace temper {
namespace {

template <class Policy, bool soft> inline void Row<Policy, soft>::evaluate(bool gradient_follows) {
  PresentClasses present;
  bool stored = gradient_follows || kClasses;
  RowPartial<Raw> total = stored ? sum_exp<true>(present) : sum_exp<false>(present);
  float student_sum = sum_lanes(total.student), teacher_sum = kSoftExp ? sum_lanes(total.teacher) : 1.0f;
  bool student_valid = student_sum > 0 && student_sum < kInfinity;
  bool valid = student_valid && teacher_sum > 0 && teacher_sum < kInfinity;
  if constexpr (kSeparateLabel) {
    student_valid = is_valid_with_label(student_sum, student_logit(task.label));
    valid = student_valid && is_valid_with_label(teacher_sum, teacher_logit(task.label));
    student_has_rest = student_sum != 0;
    teacher_has_rest = teacher_sum != 0;
    if (!student_has_rest) student_max = 0;
    if (!teacher_has_rest) teacher_max = 0;
  }
  if constexpr (kLogits) valid = valid && teacher_max > -kInfinity && teacher_max < kInfinity;
  if (hard != HardExp::kNone) {
    float hard_sum = hard == HardExp::kSame ? student_sum : sum_lanes(total.hard);
    finish_hard(hard_sum, first_lane(log(splat(hard_sum))), present, student_valid, valid);
  }
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
    if constexpr (kLogits)  // block_max() skips a NaN of the teacher, which makes the row invalid here
      if (divergence != divergence) inverse_sums.student = sums[0];
    if constexpr (!kLogits)
      if (divergence < policy.nearly_equal() && student_has_rest && teacher_has_rest)
        evaluate_near_equal(student_sum, teacher_sum, stored);
    if constexpr (kSeparateLabel) finish_label(student_sum, teacher_sum);
    if constexpr (Policy::kFar)
      if (any(policy.is_far(sums))) evaluate_far();
    if constexpr (Policy::kInfiniteLimit)
      if (any(policy.teacher_lacks_class(sums))) path = RowPath::kInfinite;
  }
}

template <class Policy, bool soft>
inline void Row<Policy, soft>::finish_hard(float hard_sum, float log_sum, const PresentClasses& present,
                                           bool student_valid, bool valid) {
  hard_inverse_sum = valid ? 1.0f / hard_sum : __builtin_nanf("");
  present_classes = (float)present.count;
  cross_entropy = parameters.hard_weight > 0 ? __builtin_nanf("") : 0.0f;
  label_log_prob = __builtin_nanf("");
  if (!student_valid) return;
  float z = student_logit(task.label);
  float shifted = z - shift_of(student_max);
  label_log_prob = shifted - log_sum;
  double present_sum = present.sum;
  if constexpr (kSeparateLabel) {
    SumWithLabel<V> all(splat(hard_sum), splat(shifted));
    log_sum = first_lane(all.log_sum);
    label_log_prob = first_lane(all.label_log_prob);
    label_probability = first_lane(all.probability);
    if (valid) hard_inverse_sum = first_lane(all.inverse_sum);
    if (z > -kInfinity) present_classes++, present_sum += z;
  }
  log_sum_exp = log_sum + shift_of(student_max);
  if (parameters.hard_weight == 0) return;  // the loss needs the label's log-probability only
  cross_entropy = -label_log_prob;
  float smoothing = parameters.label_smoothing;
  if (smoothing > 0 && shifted > -kInfinity) {
    double mean_shifted = present_sum / present_classes - shift_of(student_max);
    cross_entropy = (float)(cross_entropy + smoothing * (shifted - mean_shifted));
  }
  cross_entropy += parameters.z_loss * log_sum_exp * log_sum_exp;
}

// Turns the sums without the label's class into those of the row (row_label.h).
template <class Policy, bool soft> inline void Row<Policy, soft>::finish_label(float student_sum, float teacher_sum) {
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

// Evaluates a row on the far path: finds the largest weight of a class, then sums relative to this weight. If no class
// has a weight above -inf, D stays +inf.
template <class Policy, bool soft> TEMPER_RARE void Row<Policy, soft>::evaluate_far() {
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

// Computes the entropy of each tensor at its own temperature. A loss without a soft part has the student's entropy
// only, at the temperature of the loss.
template <class Policy, bool soft> TEMPER_RARE void Row<Policy, soft>::evaluate_entropies() {
  Entropy student(soft ? scales.student_temperature : task.temperature), teacher(scales.teacher_temperature);
  float student_shift = shift_of(student_max), teacher_shift = shift_of(teacher_max);
  if constexpr (kSeparateLabel) {
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

}  // namespace
}  // namespace temper
