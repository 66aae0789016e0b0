// The mergeable state of a row: maxima, sums of exponentials, the label's logit and the policy's sums of some classes.
// Each partial has its own shifts; a merge first moves the sums to the larger maxima.
#pragma once

#include "exponentials.cuh"

namespace temper {

// What a specialisation computes in the first sweep over a row.
template <class Spec> struct RowForm {
  using Policy = typename Spec::Policy;
  static constexpr bool kLogits = Spec::kSoft && Policy::kValue == ValueForm::kLogits;
  static constexpr bool kRaw = Spec::kSoft && Policy::kValue == ValueForm::kRawSums;
  static constexpr bool kElementwise = Spec::kSoft && Policy::kGradient == GradientForm::kElementwise;
  static constexpr bool kSoftmax = Spec::kSoft && !(kLogits && kElementwise);
  static constexpr bool kHardSum = Spec::kHard && !(kSoftmax && Spec::kExpReuse == ExpReuse::kSame);
  static constexpr bool kLabelApart = Spec::kSoft && Policy::kLabelApart;  // the sums leave out the label's class
  static constexpr bool kLabel = Spec::kHard || kLabelApart;
  static constexpr bool kEntropySums = Spec::kEntropies && kSoftmax;
  static constexpr int kPolicySlots = kLogits ? Policy::kSums : kRaw ? Policy::kRawSums : 0;
  static constexpr int kSums = (kSoftmax ? 2 : 0) + (kHardSum ? 1 : 0) + (kLabel ? 1 : 0) + (kLabelApart ? 1 : 0) +
                               kPolicySlots + (Spec::kSmoothing ? 2 : 0) + (kEntropySums ? 2 : 0);
  using Exps = RowExponents<kSoftmax, Spec::kHard, Spec::kExpReuse>;
};

template <class Spec> struct RowPartial {
  using Policy = typename Spec::Policy;
  using Form = RowForm<Spec>;
  using Exps = typename Form::Exps;
  static constexpr int kSums = Form::kSums, kValues = 2 + kSums;

  // A logit may exceed the one that set the shift by so many exponent bits. Exponentials are at most 2^12 then, the
  // reused e^T included, and a thread rarely changes its shift.
  static constexpr float kMargin = 11.5f;

  Policy policy;
  Exps exponents;  // the shifts of the sums
  float student_margin = 0, teacher_margin = 0;  // kMargin in logits; the student's also holds for the cross-entropy
  float student_limit = -infinity(), teacher_limit = -infinity();  // a logit above it changes the shifts
  float student_max = -infinity(), teacher_max = -infinity();
  float student_sum = 0, teacher_sum = 0, hard_sum = 0, label_logit = 0, label_teacher_logit = 0;
  float policy_sums[Form::kPolicySlots > 0 ? Form::kPolicySlots : 1] = {};
  float exponent_sum = 0, present = 0;                      // label smoothing: the student's present classes
  float student_exponent_sum = 0, teacher_exponent_sum = 0;  // entropies: sum es s, sum et t

  __device__ __forceinline__ RowPartial(const Policy& policy, RowScales scales)
      : policy(policy),
        exponents(scales),
        student_margin(kMargin / max(exponents.any_student().scale, Spec::kHard ? kLog2E : 0.0f)),
        teacher_margin(kMargin / scales.teacher) {}

  // A partial with known maxima, for exact-shift exponentials.
  __device__ __forceinline__ RowPartial(const Policy& policy, const Exps& exponents, float student_max,
                                        float teacher_max)
      : policy(policy), exponents(exponents), student_max(student_max), teacher_max(teacher_max) {}

  // A partial of no classes.
  __device__ __forceinline__ RowPartial emptied() const {
    return RowPartial(policy, {exponents.student.scale, exponents.teacher.scale});
  }

  // Notes the largest logits of a vector, and moves the sums to new shifts if one exceeds the margin.
  __device__ __forceinline__ void note_maxima(float z, float u) {
    student_max = max(student_max, z);
    if constexpr (Spec::kSoft) teacher_max = max(teacher_max, u);
    if (z > student_limit || (Form::kSoftmax && u > teacher_limit)) move_to(student_max, teacher_max);
  }

  // Adds one class. `finite`: both logits are expected to be finite, and the row is swept again if one is not.
  template <bool FAST> __device__ __forceinline__ void add(float z, float u, bool finite) {
    float es = 0;
    if constexpr (Form::kSoftmax) {
      float s = exponents.student.template exponent<FAST>(z), t = exponents.teacher.template exponent<FAST>(u);
      es = Exponents::power<FAST>(s);
      float et = Exponents::power<FAST>(t);
      student_sum += es;
      teacher_sum += et;
      if constexpr (Form::kRaw) {
        if (FAST && finite)
          policy.add_raw(policy_sums, s, t, es, et);
        else
          policy.add_raw_any(policy_sums, s, t, es, et);
      }
      if constexpr (Form::kEntropySums) {  // a class that is absent adds 0
        student_exponent_sum = fma(es, max(s, -kLargest), student_exponent_sum);
        teacher_exponent_sum = fma(et, max(t, -kLargest), teacher_exponent_sum);
      }
    }
    if constexpr (Form::kLogits) policy.add_logits(policy_sums, z, u);
    if constexpr (Exps::kSeparateHard)
      hard_sum += exponents.template hard_exp<FAST>(z, es);
    else if constexpr (Form::kHardSum)
      hard_sum = add_reused_exp<Spec::kExpReuse>(es, hard_sum);
    if constexpr (Spec::kSmoothing)
      if ((FAST && finite) || z != -infinity()) {
        exponent_sum += exponents.any_student().template exponent<FAST>(z);
        present += 1;
      }
  }

  // Moves the sums to the shifts of new maxima, which are not below the old ones.
  __device__ __forceinline__ void move_to(float new_student_max, float new_teacher_max) {
    Exps to = exponents.moved_to(new_student_max, new_teacher_max);
    if constexpr (Form::kSoftmax) {
      float ds = to.student.offset - exponents.student.offset, dt = to.teacher.offset - exponents.teacher.offset;
      float fs = exp2_normal(-ds), ft = exp2_normal(-dt);
      if constexpr (Form::kRaw) policy.shift_raw(policy_sums, student_sum, teacher_sum, ds, dt, fs, ft);
      if constexpr (Form::kEntropySums) {
        student_exponent_sum = fs * fma(student_sum, -ds, student_exponent_sum);
        teacher_exponent_sum = ft * fma(teacher_sum, -dt, teacher_exponent_sum);
      }
      student_sum *= fs;
      teacher_sum *= ft;
      if constexpr (Form::kHardSum && !Exps::kSeparateHard) hard_sum *= reuse_exp<Spec::kExpReuse>(fs);
    }
    if constexpr (Exps::kSeparateHard) hard_sum *= exp2_normal(exponents.hard.offset - to.hard.offset);
    if constexpr (Spec::kSmoothing)
      exponent_sum = fma(present, exponents.any_student().offset - to.any_student().offset, exponent_sum);
    exponents = to;
    student_max = new_student_max;
    teacher_max = new_teacher_max;
    student_limit = new_student_max + student_margin;
    teacher_limit = new_teacher_max + teacher_margin;
  }

  // Adds the classes of another partial.
  __device__ __forceinline__ void merge(RowPartial other) {
    float student = max(student_max, other.student_max), teacher = max(teacher_max, other.teacher_max);
    move_to(student, teacher);
    other.move_to(student, teacher);
    float mine[kSums], others[kSums];
    get_sums(mine);
    other.get_sums(others);
#pragma unroll
    for (int i = 0; i < kSums; i++) mine[i] += others[i];
    set_sums(mine);
  }

  // The sums as an array. Two partials with the same maxima are merged by adding up these.
  __device__ __forceinline__ void get_sums(float* sums) {
    int i = 0;
    for_each_sum([&](float& sum) { sums[i++] = sum; });
  }
  __device__ __forceinline__ void set_sums(const float* sums) {
    int i = 0;
    for_each_sum([&](float& sum) { sum = sums[i++]; });
  }

  // Makes all sums NaN, and with them those of every partial that this one is merged with.
  __device__ __forceinline__ void invalidate() {
    for_each_sum([](float& sum) { sum = not_a_number(); });
  }

  // Returns whether the fast path is right for the row: each sum-exp is in [1/2, classes * 2^12], and every sum is
  // finite. Without sum-exps, the maxima show whether a logit is +inf or all of them are -inf.
  __device__ __forceinline__ bool is_ordinary(int classes) {
    float most = float(classes) * 4096.0f, zero = 0;
    for_each_sum([&](float& sum) { zero += sum - sum; });
    if constexpr (Form::kLogits) zero += (student_max - student_max) + (teacher_max - teacher_max);
    bool ordinary = zero == 0;
    if constexpr (Form::kSoftmax) ordinary = ordinary && in_range(student_sum, most) && in_range(teacher_sum, most);
    if constexpr (Form::kHardSum) ordinary = ordinary && in_range(hard_sum, most);
    return ordinary;
  }

  __device__ __forceinline__ float hard_exp_sum() const { return Form::kHardSum ? hard_sum : student_sum; }

 private:
  __device__ __forceinline__ static bool in_range(float sum, float most) { return sum >= 0.5f && sum <= most; }

  template <class F> __device__ __forceinline__ void for_each_sum(F f) {
    if constexpr (Form::kSoftmax) {
      f(student_sum);
      f(teacher_sum);
    }
    if constexpr (Form::kHardSum) f(hard_sum);
    if constexpr (Form::kLabel) f(label_logit);
    if constexpr (Form::kLabelApart) f(label_teacher_logit);
#pragma unroll
    for (int i = 0; i < Form::kPolicySlots; i++) f(policy_sums[i]);
    if constexpr (Spec::kSmoothing) {
      f(exponent_sum);
      f(present);
    }
    if constexpr (Form::kEntropySums) {
      f(student_exponent_sum);
      f(teacher_exponent_sum);
    }
  }
};

}  // namespace temper
