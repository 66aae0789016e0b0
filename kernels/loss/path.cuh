// The choice of a row's path (row.cuh lists the paths) and the row statistics, by members of LossRow.
#pragma once

#include "label.cuh"
#include "outputs.cuh"

namespace temper {

template <class Spec> __device__ __forceinline__ float LossRow<Spec>::estimate(const Sums& sums) const {
  if constexpr (kEstimates)
    return policy.estimate_raw(sums.policy, sums.student, sums.teacher, inverse_sums.teacher, kLn2);
  return values.soft;
}

template <class Spec> __device__ __forceinline__ bool LossRow<Spec>::has_finite_sums() const {
  float zero = 0;
  if constexpr (kSoft && !kEstimates)
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) zero += policy_sums[i] - policy_sums[i];
  return zero == 0;
}

template <class Spec> __device__ __forceinline__ bool LossRow<Spec>::evaluate() {
  Partial partial = empty_partial();
  sweep_sums<true>(partial);
  // Threads of a group could disagree whether the row is valid, if another stream changes a label or a weight between
  // their loads. A thread that has loaded an invalid value makes its sums NaN; the merge makes them NaN in all threads.
  if (!valid) partial.invalidate();
  merge(partial);
  student_max = partial.student_max;
  teacher_max = partial.teacher_max;
  if (!partial.is_ordinary(row.classes)) return false;
  finish<true>(partial);
  if (!has_finite_sums()) return false;
  if constexpr (kSoft && Policy::kFar)
    if (policy.is_far(policy_sums)) return false;
  path = kFast;
  if constexpr (kSoft && !kLogits)
    if (estimate(partial.sums) < policy.nearly_equal()) {
      path = kNearEqual;
      return false;
    }
  if constexpr (kSeparateLabel) finish_label(label_logit, label_teacher_logit);
  finish_values();
  return true;
}

template <class Spec> __device__ __forceinline__ void LossRow<Spec>::evaluate_again() {
  bool is_near = path == kNearEqual;
  if (!is_near) {
    Partial exact(policy, {student_max, teacher_max, scales}, student_max, teacher_max);
    sweep_sums<false>(exact);
    if (!valid) exact.invalidate();
    merge(exact);
    finish<false>(exact);
    if constexpr (kSoft && !kLogits) is_near = values.soft < policy.nearly_equal();
  }
  if constexpr (kSoft && !kLogits)
    if (is_near) evaluate_near_equal();
  if constexpr (kSeparateLabel) finish_label(label_logit, label_teacher_logit);
  if constexpr (kSoft && Policy::kFar)
    if (values.soft == values.soft && policy.is_far(policy_sums)) evaluate_far();
  finish_values();
}

// The last step of every path: entropies, the value as a cross-entropy, and the temperature gradient.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::finish_values() {
  if constexpr (Spec::kEntropies && !Form::kSoftmax) evaluate_entropies(student_max, teacher_max);
  if (Spec::kEntropies && p.soft_cross_entropy != 0) values.soft += values.teacher_entropy;
  if constexpr (Spec::kTemperatureGradient) evaluate_temperature_gradient();
  if (is_flat && values.soft == values.soft) values.soft = 0;
}

template <class Spec> __device__ __forceinline__ void LossRow<Spec>::save(float* statistics) const {
  if (group.thread_rank != 0) return;
  statistics[kStudentShift] = exponents.any_student().shift;
  statistics[kStudentInverseSum] = kSoft ? inverse_sums.student : hard_inverse_sum;
  statistics[kTeacherShift] = exponents.teacher.shift;
  statistics[kTeacherInverseSum] = inverse_sums.teacher;
  statistics[kHardInverseSum] = hard_inverse_sum;
  statistics[kLogSumRatio] = inverse_sums.log_ratio;
  statistics[kLogSumExp] = log_sum_exp;
  statistics[kPresentClasses] = present;
  if constexpr (kSeparateLabel) statistics[kLabelProbability] = label_probability;
  statistics[kPath] = path;
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) statistics[kPolicySums + i] = policy_sums[i];
}

template <class Spec> __device__ __forceinline__ void LossRow<Spec>::restore(const float* statistics) {
  exponents = {statistics[kStudentShift], statistics[kTeacherShift], scales};
  inverse_sums = {statistics[kTeacherInverseSum], statistics[kStudentInverseSum], statistics[kLogSumRatio]};
  hard_inverse_sum = statistics[kHardInverseSum];
  log_sum_exp = statistics[kLogSumExp];
  present = statistics[kPresentClasses];
  if constexpr (kSeparateLabel) label_probability = statistics[kLabelProbability];
  path = Path(int(statistics[kPath]));
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = statistics[kPolicySums + i];
}

}  // namespace temper
