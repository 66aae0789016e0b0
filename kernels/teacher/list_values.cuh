// The values of a row with a list from its sums, by members of ListLossRow.
#pragma once

#include "list_sums.cuh"

namespace temper {

template <class Spec>
__device__ __forceinline__ void ListLossRow<Spec>::evaluate() {
  float label_logit = 0;
  if (kHard && label >= 0) {
    label_logit = load_logit<typename Spec::Student>(p.student, slots.row * p.student_stride + label);
    if constexpr (Spec::kStudentSoftcap) label_logit = softcapped(label_logit, p.student_softcap);
  }
  // Sums over the rest, and after add_sums() over the row: es s for the entropy, and z - max for label smoothing.
  float exponent_sum = 0, shifted_sum = 0;
  sweep_rest(exponent_sum, shifted_sum);
  float maxima[3] = {rest_max, -infinity(), -infinity()};
  for_each_slot([&](const ListSlot& slot) {
    maxima[1] = max(maxima[1], slot.z);
    maxima[2] = max(maxima[2], slot.l);
  });
  group.template reduce<Max>(maxima);
  move_rest(maxima[0], exponent_sum, shifted_sum);
  row_max = max(maxima[0], maxima[1]);
  set_constants(maxima[1], maxima[2]);
  add_sums(exponent_sum, shifted_sum);
  if constexpr (kHard) finish_hard(label_logit, shifted_sum);
  values.soft = row_valid ? 0.0f : not_a_number();
  values.student_entropy = values.teacher_entropy = values.soft;
  if (count == 0 || !row_valid) return;
  float full_entropy = log(row_sum) - exponent_sum / row_sum;
  add_elements(full_entropy);
  if (Spec::kEntropies && p.soft_cross_entropy != 0) values.soft += values.teacher_entropy;
}

template <class Spec>
__device__ __forceinline__ void ListLossRow<Spec>::finish_hard(float label_logit, float shifted_sum) {
  if (label < 0) return;
  float from_max = label_logit - shift_of(row_max), log_sum = student_valid ? log(hard_sum) : not_a_number();
  log_sum_exp = shift_of(row_max) + log_sum;
  float target = from_max;
  if constexpr (Spec::kSmoothing)
    target = fma(1.0f - p.label_smoothing, from_max, p.label_smoothing * (shifted_sum / present));
  values.label_log_prob = from_max - log_sum;
  values.hard = log_sum - target;
  if (p.z_loss != 0) values.hard = fma(p.z_loss * log_sum_exp, log_sum_exp, values.hard);
}

// Computes D and the entropies. `full_entropy` is that of the student over all classes.
template <class Spec>
__device__ __forceinline__ void ListLossRow<Spec>::add_elements(float full_entropy) {
  enum { kTerms = Policy::kSums, kProbabilities, kStudentLacks, kTeacherLacks, kStudentEntropy, kTeacherEntropy,
         kSums };
  float sums[kSums] = {};
  for_each_slot([&](const ListSlot& slot) {
    Element<float> e = element_of(slot);
    policy.add(sums, e);
    sums[kTerms] += list_term(e);
    sums[kProbabilities] += e.p;
    sums[kStudentLacks] += student_lacks(e);
    sums[kTeacherLacks] += teacher_lacks(e);
    if constexpr (Spec::kEntropies) {
      float log_p = (slot.l - constants.shift.max_teacher) * constants.shift.teacher_high +
                    log(constants.inverse_sums.teacher);
      float log_q = (slot.z - constants.shift.max_student) * inverse_temperature +
                    log(constants.inverse_sums.student);
      sums[kTeacherEntropy] -= e.p > 0 ? e.p * log_p : 0.0f;
      sums[kStudentEntropy] -= e.q > 0 ? e.q * log_q : 0.0f;
    }
  });
  group.template reduce<Sum>(sums);
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = sums[i];
  ListDefects<float> defects = {sums[kStudentLacks], sums[kTeacherLacks], 0.0f};
  float listed = sums[kProbabilities];
  if (has_bucket) {
    Element<float> e = bucket();
    policy.add(policy_sums, e);
    defects.student_lacks += student_lacks(e);
    defects.teacher_lacks += teacher_lacks(e);
    defects.excess = p.teacher_log_tail != nullptr ? (listed - 1) + e.p : max(listed - 1, 0.0f);
    float log_q = log_rest() + log(constants.inverse_sums.student);
    sums[kTeacherEntropy] -= log_tail == -infinity() ? 0.0f : e.p * log_tail;
    sums[kStudentEntropy] -= e.q > 0 ? e.q * log_q : 0.0f;
  } else if (tail == kBucket) {
    defects.excess = listed - 1;
  } else if (tail == kRenormaliseTeacher) {
    defects.excess = rest_sum * relative(rest_max, row_max, scale) * constants.inverse_sums.student;
  }
  policy.finish_elements(policy_sums);
  correct_list(policy, policy_sums, defects);
  values.soft = tail == kTruncate ? sums[kTerms] : policy_sums[0];
  if constexpr (Policy::kInfiniteLimit) infinite = defects.teacher_lacks > 0;
  values.teacher_entropy = sums[kTeacherEntropy];
  values.student_entropy = tail == kRenormaliseBoth || tail == kBucket ? sums[kStudentEntropy] : full_entropy;
}

}  // namespace temper
