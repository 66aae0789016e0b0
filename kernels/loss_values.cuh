// Values and constants of a row from its merged sums, by members of LossRow.
#pragma once

#include "loss_row.cuh"

namespace temper {

// Notes the label's logits, if the vector of the given first column has them.
template <class Spec>
__device__ __forceinline__ void LossRow<Spec>::find_label(Partial& partial, const Pair& pair, int column) {
  if (unsigned(label - column) < unsigned(K)) {
    float z[K], u[K];
    unpack(pair, z, u);
#pragma unroll
    for (int k = 0; k < K; k++)
      if (column + k == label) {
        label_logit = z[k];
        if constexpr (kLabelApart) {
          partial.sums.label_logit = z[k];
          partial.sums.label_teacher_logit = u[k];
        }
      }
  }
}

// Finds the label's vector in storage on chip, and notes its logits.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::visit_label(Partial& partial) {
  if (label >= 0)
    storage.visit(row, group, row.vector_of(label), [&](const Pair& pair) {
      find_label(partial, pair, row.column(row.vector_of(label)));
    });
}

// Adds some vectors to the partial of the thread. The maxima are found on the fast path only, because they are known
// afterwards.
template <class Spec>
template <bool FAST, int N>
__device__ __forceinline__ void LossRow<Spec>::add_vectors(Partial& partial, const Pair (&pairs)[N], int vector,
                                                           bool in_bounds) {
  Pair classes[N];
#pragma unroll
  for (int i = 0; i < N; i++) classes[i] = summed(pairs[i], vector + i * Storage::kStep);
  if constexpr (FAST && !kMaximaFirst) note_maxima(partial, classes);
#pragma unroll
  for (int i = 0; i < N; i++) {
    float z[K], u[K];
    bool finite = in_bounds && !(kLabelApart && vector + i * Storage::kStep == label_vector());
    unpack(classes[i], z, u);
#pragma unroll
    for (int k = 0; k < K; k++)
      partial.template add<FAST>(z[k], u[k], finite, k % 2 == 0 ? partial.sums : partial.odd_sums);
    if constexpr (Form::kLabel && !Spec::Storage::kOnChip)
      find_label(partial, pairs[i], row.column(vector + i * Storage::kStep));
  }
}

// A sweep of storage calls this with its vectors. It is a function object, because NVRTC 12 treats a generic lambda as
// a host function.
template <class Loss> struct AddVectors {
  Loss& loss;
  typename Loss::Partial& partial;

  template <int N>
  __device__ __forceinline__ void operator()(const typename Loss::Pair (&pairs)[N], int vector, bool in_bounds) const {
    loss.template add_vectors<true>(partial, pairs, vector, in_bounds);
  }

  __device__ __forceinline__ void keep_none() const { loss.kept.set_none(); }

  // Adds vectors and keeps their exponentials. `first` is the number of the first one among all kept vectors. Unless
  // the maxima are known, the partial is empty, and the offsets depend on these vectors only, so that a backward pass
  // computes the same bits without the rest of the row.
  template <bool FINITE, int N>
  __device__ __forceinline__ void keep(const typename Loss::Pair (&pairs)[N], int first) const {
    if constexpr (!Loss::kMaximaFirst) loss.note_maxima(partial, pairs);
    loss.kept.student_offset = partial.exponents.student.offset;
    loss.kept.teacher_offset = partial.exponents.teacher.offset;
#pragma unroll
    for (int i = 0; i < N; i++) {
      constexpr int K = Loss::K;
      float z[K], u[K];
      loss.unpack(pairs[i], z, u);
#pragma unroll
      for (int k = 0; k < K; k++)
        partial.template add<true>(z[k], u[k], FINITE, k % 2 == 0 ? partial.sums : partial.odd_sums,
                                   loss.kept.student[(first + i) * K + k], loss.kept.teacher[(first + i) * K + k]);
    }
  }
};

// Adds all classes to the partial of the thread.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::sweep_sums(Partial& partial) {
  // A row in registers is read no more after its sums, so that the exponentials can take its place.
  if constexpr (Form::kLabel && Spec::Storage::kInRegisters) visit_label(partial);
  if constexpr (FAST && kKeeps) {
    storage.template keep<kKept>(AddVectors<LossRow>{*this, partial});
    storage.template for_each_several_but_kept<kKept>(group, AddVectors<LossRow>{*this, partial});
  } else if constexpr (FAST) {
    storage.for_each_several(row, group, AddVectors<LossRow>{*this, partial});
  } else {
    storage.for_each_again(row, group, [&](const Pair& pair, int vector) {
      const Pair pairs[1] = {pair};
      add_vectors<false>(partial, pairs, vector, false);
    });
  }
  partial.join_odd();
  // Both are loaded again from the header of a ring, so that they take no registers during the sweep.
  if constexpr (Spec::Storage::kProducers > 0) {
    label = storage.header().label;
    valid = storage.header().valid != 0;
  }
  if constexpr (Form::kLabel && Spec::Storage::kOnChip && !Spec::Storage::kInRegisters) visit_label(partial);
}

template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::finish_hard(const Sums& sums, bool student_valid, bool row_valid) {
  float sum = sums.hard_exps(), shift = exponents.any_student().shift, from_max = label_logit - shift;
  hard_inverse_sum = row_valid ? inverse_of<FAST>(sum) : not_a_number();
  // Values are needed in the first thread only, which stores them, so that the other warps skip the logarithm. With a
  // z-loss every thread needs it for the gradient.
  if (!kLabelApart && !group.in_first_warp() && p.z_loss == 0) return;
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
  if constexpr (kLabelApart)
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
      // The rounding error of the quotient Ss/St is added to its logarithm. Otherwise all p would be off by it.
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
  } else if (!kLabelApart || (sums.student > 0 && sums.teacher > 0)) {
    policy.finish_raw(sums.policy, sums.student, sums.teacher, kLn2, policy_sums);
  } else {
    policy_sums[0] = kLargest;  // finish_label() replaces it
  }
}

// The sums of a policy whose terms need p and q, in a second sweep. Two exponentials per class are enough: the larger
// of p and q, and the ratio of the smaller to the larger. They are computed in the unit of the student's exponentials.
template <class Spec> template <bool FAST> __device__ __forceinline__ void LossRow<Spec>::sweep_classes() {
  float sums[Policy::kClassSums] = {};
  auto add = [&](const Pair& pair, int) {
    float z[K], u[K];
    unpack(pair, z, u);
#pragma unroll
    for (int k = 0; k < K; k++) {
      float s = exponents.student.template exponent<FAST>(z[k]);
      float t = exponents.teacher.template exponent<FAST>(u[k]) + inverse_sums.log_ratio;
      float log2_ratio = limited<!FAST>(t - s), lesser = exp2_normal(-abs(log2_ratio));
      float larger = Exponents::power<FAST>(max(t, s)), smaller = larger * lesser;
      bool student_larger = log2_ratio <= 0;
      policy.add_class(sums, WeightedClass<float>{student_larger ? smaller : larger, student_larger ? larger : smaller,
                                                  larger, log2_ratio, lesser});
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

// Computes D of a row with nearly equal distributions. The sums are computed again with exact-shift exponentials. Those
// of the fast path have an exponent rounding error, which would not cancel against differences of logits.
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
