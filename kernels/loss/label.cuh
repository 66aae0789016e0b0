// The label of a row whose sums leave out the label's class (kSeparateLabel), by members of LossRow.
#pragma once

#include "values.cuh"

namespace temper {

// Replaces the results of finish_hard(), because the sums leave out the label.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish_hard_with_label(const Sums& sums, bool row_valid) {
  const Exponents& student = exponents.any_student();
  float error = FAST ? exponents.hard_rounding_error() : 0.0f, from_max = sums.label_logit - student.shift;
  SumWithLabel<float> all(sums.hard_exps(), from_max + error);
  label_from_shift = from_max;
  if (row_valid) hard_inverse_sum = all.inverse_sum;
  label_probability = all.probability;
  log_sum_exp = student.shift + (all.log_sum - error);
  values.label_log_prob = all.label_log_prob;
  values.hard = -all.label_log_prob;
  if constexpr (Spec::kSmoothing)
    if (sums.label_logit != -infinity()) {
      float label_exponent = student.template exponent<FAST>(sums.label_logit);
      present += 1;
      float mean = (sums.exponents + label_exponent) / present;
      values.hard = fma(p.label_smoothing, (label_exponent - mean) / student.scale, values.hard);
    }
}

// Computes D of a row from the sums that leave out the label.
template <class Spec>
__device__ __forceinline__ void LossRow<Spec>::finish_label(float label_logit, float label_teacher_logit) {
  if (values.soft != values.soft) return;
  auto odds_of = [&](const Exponents& tensor, float logit, float inverse_sum) {
    if (inverse_sum == 0) return infinity();
    float exponent = path == kFast ? tensor.template exponent<true>(logit) : tensor.template exponent<false>(logit);
    // Odds of -inf mean that the label is absent. The exponent of a finite logit could overflow to -inf; it is
    // therefore limited to finite values.
    if (logit != -infinity()) exponent = min(max(exponent, -kLargest), kLargest);
    return fma(exponent, kLn2, log(inverse_sum));
  };
  LabelOdds<float> odds = {odds_of(exponents.student, label_logit, inverse_sums.student),
                           odds_of(exponents.teacher, label_teacher_logit, inverse_sums.teacher), 0};
  odds.difference = path == kNearEqual ? log_ratio(label_logit, label_teacher_logit, shift_of_row()) +
                                             inverse_sums.log_ratio
                                       : odds.teacher - odds.student;
  policy.finish_label(policy_sums, odds);
  values.soft = policy_sums[0];
}

}  // namespace temper
