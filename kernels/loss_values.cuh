// Values and constants of a row from its merged sums, by members of LossRow.
#pragma once

#include "loss_row.cuh"

namespace temper {

  // Adds all classes to the partial of the thread. The fast path finds the maxima on its way.
  template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::sweep_sums(Partial& partial) {
    auto find_label = [&](const Pair& pair, int column) {
      if (unsigned(label - column) < unsigned(K)) {
        float z[K], u[K];
        unpack(pair, z, u);
#pragma unroll
        for (int k = 0; k < K; k++)
          if (column + k == label) {
            partial.label_logit = z[k];
            if constexpr (kLabelApart) partial.label_teacher_logit = u[k];
          }
      }
    };
    storage.for_each(row, group, FAST ? row.in_bounds() : VectorRange(), [&](const Pair& pair, int vector, bool whole) {
      float z[K], u[K];
      const Pair& classes = summed(pair, vector);
      bool finite = whole && !(kLabelApart && vector == label_vector());
      if constexpr (FAST) note_maxima(partial, classes);
      unpack(classes, z, u);
#pragma unroll
      for (int k = 0; k < K; k++) partial.template add<FAST>(z[k], u[k], finite);
      if constexpr (Form::kLabel && !Spec::Storage::kOnChip) find_label(pair, row.column(vector));
    });
    if constexpr (Form::kLabel && Spec::Storage::kOnChip)
      if (label >= 0)
        storage.visit(row, group, row.vector_of(label),
                      [&](const Pair& pair) { find_label(pair, row.column(row.vector_of(label))); });
  }

template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish_hard(const Partial& sums, bool student_valid, bool row_valid) {
  float sum = sums.hard_exp_sum(), shift = exponents.any_student().shift, from_max = sums.label_logit - shift;
  float log_sum = log(sum);
  if constexpr (FAST) log_sum -= exponents.hard_rounding_error();
  log_sum_exp = shift + log_sum;
  hard_inverse_sum = row_valid ? 1.0f / sum : not_a_number();
  if (!student_valid) log_sum = not_a_number();
  float target = from_max;  // less the maximum, like log_sum
  if constexpr (Spec::kSmoothing) {
    const Exponents& student = exponents.any_student();
    float mean = sums.exponent_sum / (present * student.scale);
    if constexpr (FAST) mean -= student.rounding_error() / (student.scale * kLn2);
    target = fma(1.0f - p.label_smoothing, from_max, p.label_smoothing * mean);
  }
  values.label_log_prob = from_max - log_sum;
  values.hard = log_sum - target;
  if constexpr (kLabelApart)
    if (student_valid) finish_hard_with_label<FAST>(sums, row_valid);
  if (p.z_loss != 0) values.hard = fma(p.z_loss * log_sum_exp, log_sum_exp, values.hard);
}

// finish_hard() for sums that leave out the label.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish_hard_with_label(const Partial& sums, bool row_valid) {
  const Exponents& student = exponents.any_student();
  float error = FAST ? exponents.hard_rounding_error() : 0.0f, from_max = sums.label_logit - student.shift;
  SumWithLabel<float> all(sums.hard_exp_sum(), from_max + error);
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
      float mean = (sums.exponent_sum + label_exponent) / present;
      values.hard = fma(p.label_smoothing, (label_exponent - mean) / student.scale, values.hard);
    }
}

// The entropy of a tensor with a softmax, from its sums of es and es s.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ float LossRow<Spec>::entropy(const Exponents& tensor, float sum, float exponent_sum,
                                                        float label_logit) {
  float log_sum = log(sum), value = fma(-kLn2 * exponent_sum, 1.0f / sum, log_sum);
  if constexpr (kLabelApart) {
    float exponent = kLn2 * tensor.template exponent<FAST>(label_logit);
    value = entropy_with_label(sum > 0 ? exponent - log_sum : infinity(), value);
  }
  return value;
}

template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish_soft(const Partial& sums) {
  inverse_sums = {1.0f, 1.0f, 0.0f};
  float log2_student_sum = 0, log2_teacher_sum = 0;
  if constexpr (Form::kSoftmax) {
    inverse_sums = {inverse_of(sums.teacher_sum), inverse_of(sums.student_sum), 0.0f};
    if constexpr (kClasses || kCentred) {
      log2_student_sum = log(sums.student_sum) * kLog2E;
      log2_teacher_sum = log(sums.teacher_sum) * kLog2E;
      inverse_sums.log_ratio = log2_student_sum - log2_teacher_sum;
    }
  }
  if constexpr (kClasses) {
    sweep_classes<FAST>(log2_student_sum, log2_teacher_sum);
  } else if constexpr (kLogits) {
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = sums.policy_sums[i];
    policy.finish(policy_sums);
  } else if (!kLabelApart || (sums.student_sum > 0 && sums.teacher_sum > 0)) {
    policy.finish_raw(sums.policy_sums, sums.student_sum, sums.teacher_sum, kLn2, policy_sums);
  } else {
    policy_sums[0] = kLargest;  // finish_label() replaces it
  }
}

// The value of a row from the sums that leave out the label.
template <class Spec>
__device__ __forceinline__ void LossRow<Spec>::finish_label(float label_logit, float label_teacher_logit) {
  if (values.soft != values.soft) return;
  auto odds_of = [&](const Exponents& tensor, float logit, float inverse_sum) {
    if (inverse_sum == 0) return infinity();
    float exponent = path == kFast ? tensor.template exponent<true>(logit) : tensor.template exponent<false>(logit);
    // A finite logit gives finite odds, because odds of -inf mean that the label is absent.
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

// The sums of a policy with terms of p and q. Two exponentials per class give p, q and the smaller of the two over the
// larger.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::sweep_classes(float log2_student_sum, float log2_teacher_sum) {
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = 0;
  storage.for_each(row, group, [&](const Pair& pair, int, bool) {
    float z[K], u[K];
    unpack(pair, z, u);
#pragma unroll
    for (int k = 0; k < K; k++) {
      float log2_q = exponents.student.template exponent<FAST>(z[k]) - log2_student_sum;
      float log2_p = exponents.teacher.template exponent<FAST>(u[k]) - log2_teacher_sum;
      Ratio<float> ratio = ratio_of<!FAST>(log2_p - log2_q);
      float larger = Exponents::power<FAST>(max(log2_p, log2_q)), smaller = larger * ratio.lesser;
      bool student_larger = ratio.log2 <= 0;
      policy.add_class(policy_sums, student_larger ? smaller : larger, student_larger ? larger : smaller,
                       policy.terms(ratio));
    }
  });
  group.template reduce<Sum>(policy_sums);
  policy.finish(policy_sums);
}

// Calls f(z, u, es, et) for all classes of the sums, with exact-shift exponentials.
template <class Spec> template <class F> __device__ __forceinline__ void LossRow<Spec>::for_each_exp(F f) {
  storage.for_each(row, group, [&](const Pair& pair, int vector, bool) {
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

// D of a row with nearly equal distributions. The sums are computed again with exact-shift exponentials, because
// differences of logits have no exponent rounding error that would cancel that of fast exponentials.
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
  if constexpr (kHard && kLabelApart)
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

// The entropies of a row whose soft part has no exponentials. That of one tensor is log S - sum es s / S.
template <class Spec>
__device__ __forceinline__ void LossRow<Spec>::evaluate_entropies(float student_max, float teacher_max) {
  const Exponents student(student_max, scales.student), teacher(teacher_max, scales.teacher);
  float sums[4] = {0, 0, 0, 0};
  for_each_logit([&](float z, float u) {
    float s = student.template exponent<false>(z), t = teacher.template exponent<false>(u);
    float es = Exponents::power<false>(s), et = Exponents::power<false>(t);
    sums[0] += es;
    sums[1] = fma(es, max(s, -kLargest), sums[1]);
    sums[2] += et;
    sums[3] = fma(et, max(t, -kLargest), sums[3]);
  });
  group.template reduce<Sum>(sums);
  values.student_entropy = is_valid(sums[0]) ? entropy<false>(student, sums[0], sums[1], 0) : not_a_number();
  if constexpr (kSoft)
    values.teacher_entropy = is_valid(sums[2]) ? entropy<false>(teacher, sums[2], sums[3], 0) : not_a_number();
}

// The derivative of T^2 D by the temperature. With s = (z - shift)/T, t = (u - shift)/T and d = log p - log q it is
//   2 T D + T (sum (p - q) s - sum p (t - E_p[t]) d).
// The second sum is the covariance of t and d, and falls away if the teacher has a temperature of its own. A
// cross-entropy as the value adds sum p (t - E_p[t])^2, the derivative of the teacher's entropy.
//
// The products are of deviations from the mean, which keeps the error at u sum p |t - E_p[t]| (|t| + |s|). Raw moments
// would have the error of their largest, u E_p[t]^2. The mean itself has an error e; it adds e D.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::evaluate_temperature_gradient() {
  float first[3] = {0, 0, 0};  // sum es, sum et, sum et t
  for_each_exp([&](float, float u, float es, float et) {
    first[0] += es;
    first[1] += et;
    first[2] = fma(et, max(exponents.teacher.template exponent<false>(u), -kLargest), first[2]);
  });
  group.template reduce<Sum>(first);
  bool shared = p.temperature_gradient == kOfBothTensors;
  float inverse_student = 1.0f / first[0], inverse_teacher = 1.0f / first[1];
  float centre = first[2] * inverse_teacher, log_ratio = (log(first[0]) - log(first[1])) * kLog2E;
  float sum[1] = {0};
  for_each_exp([&](float z, float u, float es, float et) {
    float s = max(exponents.student.template exponent<false>(z), -kLargest);
    float t = max(exponents.teacher.template exponent<false>(u), -kLargest);
    float teacher = et * inverse_teacher;
    sum[0] = fma(teacher - es * inverse_student, kLn2 * s, sum[0]);
    if (shared) {
      float deviation = t - centre, ratio = (t - s) + log_ratio;
      if (p.soft_cross_entropy != 0) ratio -= deviation;
      sum[0] -= teacher * deviation * (kLn2 * kLn2) * ratio;
    }
  });
  group.template reduce<Sum>(sum);
  float chained = p.temperature_scaling != 0 ? temperature * fma(2.0f, values.soft, sum[0]) : sum[0] / temperature;
  values.temperature_gradient = is_flat ? 0.0f : chained + (values.soft - values.soft);  // NaN if D is infinite
}

// D of a row whose distributions are far apart. Without a class that both tensors have, D stays +inf.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::evaluate_far() {
  float peak[1] = {-infinity()};
  for_each_logit([&](float z, float u) {
    peak[0] = max(peak[0], policy.far_weight(log2_teacher(u), log2_student(z)));
  });
  group.template reduce<Max>(peak);
  if (peak[0] == -infinity()) return;
  path = kFar;
#pragma unroll
  for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = 0;
  for_each_logit([&](float z, float u) { policy.add_far(policy_sums, log2_teacher(u), log2_student(z), peak[0]); });
  group.template reduce<Sum>(policy_sums);
  policy.finish_far(policy_sums, peak[0]);
  values.soft = policy_sums[0];
}

}  // namespace temper
