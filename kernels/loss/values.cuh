// The values and constants of a row, computed from its merged sums, by members of LossRow.
#pragma once

#include "sums.cuh"

namespace temper {

// Finds whether each tensor has a softmax. The sums of the row need not be ordinary.
template <class Spec>
__device__ __forceinline__ void LossRow<Spec>::find_validity(const Partial& partial, bool& student_valid,
                                                               bool& teacher_valid) const {
  const Sums& sums = partial.sums;
  if constexpr (Form::kSoftmax)
    student_valid = is_valid(sums.student);
  else if constexpr (kHard)
    student_valid = is_valid(sums.hard_exps());
  if constexpr (Form::kSoftmax) teacher_valid = is_valid(sums.teacher);
  if constexpr (kLogits) {
    student_valid = student_valid && abs(partial.student_max) <= kLargest;
    teacher_valid = abs(partial.teacher_max) <= kLargest && sums.policy[0] == sums.policy[0];
  }
  if constexpr (kSeparateLabel) {  // a tensor may have no class but the label
    student_valid = is_valid_with(sums.student, sums.label_logit);
    teacher_valid = is_valid_with(sums.teacher, sums.label_teacher_logit);
  }
}

// Computes values and constants of the row from the merged sums of all classes.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish(const Partial& partial) {
  const Sums& sums = partial.sums;
  exponents = partial.exponents;
  present = sums.present;
  bool student_valid = true, teacher_valid = true;  // always true on the fast path, where all sums are ordinary
  if constexpr (!FAST) find_validity(partial, student_valid, teacher_valid);
  bool row_valid = student_valid && teacher_valid;
  if constexpr (kHard) finish_hard<FAST>(sums, student_valid, row_valid);
  if constexpr (kSoft) {
    inverse_sums = {not_a_number(), not_a_number(), 0.0f};
    values.soft = policy_sums[0] = not_a_number();
    if constexpr (Form::kEntropySums) {
      values.student_entropy = values.teacher_entropy = not_a_number();
      if (student_valid)
        values.student_entropy = entropy<FAST>(exponents.student, sums.student, sums.student_exponents,
                                               sums.label_logit);
      if (teacher_valid)
        values.teacher_entropy = entropy<FAST>(exponents.teacher, sums.teacher, sums.teacher_exponents,
                                               sums.label_teacher_logit);
    }
    if (!row_valid) return;
    finish_soft<FAST>(sums);
    values.soft = policy_sums[0];
  }
}

template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish_hard(const Sums& sums, bool student_valid, bool row_valid) {
  float sum = sums.hard_exps(), shift = exponents.any_student().shift, from_max = label_logit - shift;
  hard_inverse_sum = row_valid ? inverse_of<FAST>(sum) : not_a_number();
  // The other warps skip the logarithm, because only the first thread stores values. With a z-loss every thread needs
  // the logarithm for the gradient.
  if (!kSeparateLabel && !group.in_first_warp() && p.z_loss == 0) return;
  float log_sum = log(sum);
  if constexpr (FAST) log_sum -= exponents.hard_rounding_error();
  log_sum_exp = shift + log_sum;
  if (!student_valid) log_sum = not_a_number();
  float target = from_max;  // relative to the maximum, like log_sum
  if constexpr (Spec::kSmoothing) {
    const Exponents& student = exponents.any_student();
    float mean = sums.exponents / (present * student.scale);
    if constexpr (FAST) mean -= student.rounding_error() / (student.scale * kLn2);
    target = fma(1.0f - p.label_smoothing, from_max, p.label_smoothing * mean);
  }
  values.label_log_prob = from_max - log_sum;
  values.hard = log_sum - target;
  if constexpr (kSeparateLabel)
    if (student_valid) finish_hard_with_label<FAST>(sums, row_valid);
  if (p.z_loss != 0) values.hard = fma(p.z_loss * log_sum_exp, log_sum_exp, values.hard);
}

template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish_soft(const Sums& sums) {
  inverse_sums = {1.0f, 1.0f, 0.0f};
  if constexpr (Form::kSoftmax) {
    inverse_sums = {inverse_of<FAST>(sums.teacher), inverse_of<FAST>(sums.student), 0.0f};
    if constexpr (kClasses || kCentred) {
      // The rounding error of the quotient Ss/St is added to its logarithm. Otherwise every p would have this error.
      float quotient = sums.student * inverse_sums.teacher, rest = fma(-quotient, sums.teacher, sums.student);
      inverse_sums.log_ratio = kLog2E * fma(rest, inverse_sums.student, log(odds_factor(sums.student)));
    }
  }
  if constexpr (kClasses) {
    sweep_classes<FAST>();
  } else if constexpr (kLogits) {
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = sums.policy[i];
    policy.finish(policy_sums);
  } else if (FAST && kEstimates && !group.in_first_warp()) {
    return;
  } else if (!kSeparateLabel || (sums.student > 0 && sums.teacher > 0)) {
    policy.finish_raw(sums.policy, sums.student, sums.teacher, kLn2, policy_sums);
  } else {
    policy_sums[0] = kLargest;  // finish_label() replaces it
  }
}

// One class of the second sweep, without its share. Two exponentials are enough: the larger of p and q, and the ratio
// of the smaller to the larger. They are computed in the unit of the student's exponentials.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ WeightedClass<float> LossRow<Spec>::weighted_class(float z, float u) const {
  float s = exponents.student.template exponent<FAST>(z);
  float t = exponents.teacher.template exponent<FAST>(u) + inverse_sums.log_ratio;
  float log2_ratio = clamped<!FAST>(t - s), lesser = exp2_normal(-abs(log2_ratio));
  float larger = Exponents::power<FAST>(max(t, s)), smaller = larger * lesser;
  bool student_larger = log2_ratio <= 0;
  return {student_larger ? smaller : larger, student_larger ? larger : smaller, larger, log2_ratio, lesser, 0.0f};
}

// The sums of a policy whose terms need p and q, in a second sweep.
template <class Spec> template <bool FAST> __device__ __forceinline__ void LossRow<Spec>::sweep_classes() {
  float sums[Policy::kClassSums] = {};
  auto add = [&](const Pair& pair, int) {
    float z[K], u[K];
    unpack(pair, z, u);
    static_assert(K % 2 == 0, "two classes share a reciprocal");
#pragma unroll
    for (int k = 0; k < K; k += 2) {
      WeightedClass<float> classes[2] = {weighted_class<FAST>(z[k], u[k]), weighted_class<FAST>(z[k + 1], u[k + 1])};
      if constexpr (Policy::kShares) {
        float over_larger[2] = {1 + classes[0].lesser, 1 + classes[1].lesser};
        invert(over_larger[0], over_larger[1]);
#pragma unroll
        for (int i = 0; i < 2; i++)
          classes[i].share = (classes[i].log2 > 0 ? 1.0f : classes[i].lesser) * over_larger[i];
      }
#pragma unroll
      for (int i = 0; i < 2; i++) policy.add_class(sums, classes[i]);
    }
  };
  if constexpr (FAST)
    storage.for_each(row, group, add);
  else
    storage.for_each_again(row, group, add);
  group.template reduce<Sum>(sums);
  const float unit = policy.student_weight() * inverse_sums.student;
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = i < Policy::kClassSums ? unit * sums[i] : 0.0f;
  policy.finish(policy_sums);
}

// Calls f(z, u, es, et) for all classes that enter the sums, with exact-shift exponentials.
template <class Spec> template <class F> __device__ __forceinline__ void LossRow<Spec>::for_each_exp(F f) {
  storage.for_each_again(row, group, [&](const Pair& pair, int vector) {
    Pair rest = summed(pair, vector);
#pragma unroll 1
    for (int k = 0; k < K; k += kNearEqualColumns) {
      float z[kNearEqualColumns], u[kNearEqualColumns];
      unpack(rest.template pop_front<kNearEqualColumns>(), z, u);
#pragma unroll
      for (int i = 0; i < kNearEqualColumns; i++)
        f(z[i], u[i], exponents.student.template exp<false>(z[i]), exponents.teacher.template exp<false>(u[i]));
    }
  });
}

// Computes D of a row with nearly equal distributions. The sums are computed again with exact-shift exponentials: fast
// exponentials have an exponent rounding error, which would not cancel against differences of logits.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::evaluate_near_equal() {
  path = kNearEqual;
  auto shift = shift_of_row();
  float sums[4] = {0, 0, 0, 0};  // excess, student, teacher, cross-entropy
  for_each_exp([&](float z, float u, float es, float et) {
    sums[0] += excess(log_ratio(z, u, shift), es, et);
    sums[1] += es;
    sums[2] += et;
    sums[3] += exponents.template hard_exp<false>(z, es);
  });
  group.template reduce<Sum>(sums);
  if constexpr (kHard) hard_inverse_sum = 1.0f / sums[3];
  if constexpr (kHard && kSeparateLabel)
    hard_inverse_sum = SumWithLabel<float>(sums[3], label_from_shift).inverse_sum;
  inverse_sums = temper::inverse_sums(sums[0], sums[1], sums[2]);
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = 0;
  for_each_exp([&](float z, float u, float es, float et) {
    policy.add(policy_sums, element(log_ratio(z, u, shift), es, et, inverse_sums));
  });
  group.template reduce<Sum>(policy_sums);
  policy.finish_elements(policy_sums);
  values.soft = policy_sums[0];
}

// Computes D of a row whose distributions are far apart. If no class is present in both tensors, D stays +inf.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::evaluate_far() {
  float peak[1] = {-infinity()};
  for_each_logit<true>([&](float z, float u) {
    peak[0] = max(peak[0], policy.far_weight(log2_teacher(u), log2_student(z)));
  });
  group.template reduce<Max>(peak);
  if (peak[0] == -infinity()) return;
  path = kFar;
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = 0;
  for_each_logit<true>([&](float z, float u) {
    policy.add_far(policy_sums, log2_teacher(u), log2_student(z), peak[0]);
  });
  group.template reduce<Sum>(policy_sums);
  policy.finish_far(policy_sums, peak[0]);
  values.soft = policy_sums[0];
}

}  // namespace temper
