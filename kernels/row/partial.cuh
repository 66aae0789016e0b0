// The partial of a row: its mergeable state over some classes, namely maxima, sums of exponentials and sums of the
// policy. Each partial has its own shifts. A merge first moves the sums of both partials to the larger maxima.
#pragma once

#include "exponentials.cuh"

namespace temper {

// What a specialisation computes in the first sweep over a row.
//   kLogits, kRaw  sums of the policy, by its ValueForm
//   kSoftmax       the sum-exps of student and teacher
//   kHardSum       a sum-exp of the cross-entropy; at T = 1 it uses that of the student instead
template <class Spec> struct RowForm {
  using Policy = typename Spec::Policy;
  static constexpr bool kLogits = Spec::kSoft && Policy::kValue == ValueForm::kLogits;
  static constexpr bool kRaw = Spec::kSoft && Policy::kValue == ValueForm::kRawSums;
  static constexpr bool kElementwise = Spec::kSoft && Policy::kGradient == GradientForm::kElementwise;
  static constexpr bool kSoftmax = Spec::kSoft && !(kLogits && kElementwise);
  static constexpr bool kHardSum = Spec::kHard && !(kSoftmax && Spec::kExpReuse == ExpReuse::kSame);
  static constexpr bool kSeparateLabel = Spec::kSoft && Policy::kSeparateLabel;  // the sums leave out the label's class
  static constexpr bool kLabel = Spec::kHard || kSeparateLabel;
  static constexpr bool kEntropySums = Spec::kEntropies && kSoftmax;
  static constexpr int kPolicySlots = kLogits ? Policy::kSums : kRaw ? Policy::kRawSums : 0;
  static constexpr int kSums = (kSoftmax ? 2 : 0) + (kHardSum ? 1 : 0) + (kSeparateLabel ? 2 : 0) + kPolicySlots +
                               (Spec::kSmoothing ? 2 : 0) + (kEntropySums ? 2 : 0);
  using Exps = RowExponents<kSoftmax, Spec::kHard, Spec::kExpReuse>;
};

// The sums over some classes, all relative to the same shifts.
template <class Spec> struct RowSums {
  using Form = RowForm<Spec>;
  static constexpr int kCount = Form::kSums;

  float student = 0, teacher = 0, hard = 0;         // the sum-exps
  float label_logit = 0, label_teacher_logit = 0;  // with kSeparateLabel, in the thread that has the label
  float policy[Form::kPolicySlots > 0 ? Form::kPolicySlots : 1] = {};
  float exponents = 0, present = 0;                    // label smoothing: the student's present classes
  float student_exponents = 0, teacher_exponents = 0;  // entropies: sum es s, sum et t

  // Calls f for every sum that the specialisation has, always in the same order.
  template <class F> __device__ __forceinline__ void for_each(F f) {
    if constexpr (Form::kSoftmax) {
      f(student);
      f(teacher);
    }
    if constexpr (Form::kHardSum) f(hard);
    for_each_but_exps(f);
  }

  // The same for all sums but the sum-exps.
  template <class F> __device__ __forceinline__ void for_each_but_exps(F f) {
    if constexpr (Form::kSeparateLabel) {
      f(label_logit);
      f(label_teacher_logit);
    }
#pragma unroll
    for (int i = 0; i < Form::kPolicySlots; i++) f(policy[i]);
    if constexpr (Spec::kSmoothing) {
      f(exponents);
      f(present);
    }
    if constexpr (Form::kEntropySums) {
      f(student_exponents);
      f(teacher_exponents);
    }
  }

  __device__ __forceinline__ void get(float* values) {
    int i = 0;
    for_each([&](float& sum) { values[i++] = sum; });
  }
  __device__ __forceinline__ void set(const float* values) {
    int i = 0;
    for_each([&](float& sum) { sum = values[i++]; });
  }
  __device__ __forceinline__ void add(RowSums other) {
    float mine[kCount], others[kCount];
    get(mine);
    other.get(others);
#pragma unroll
    for (int i = 0; i < kCount; i++) mine[i] += others[i];
    set(mine);
  }

  __device__ __forceinline__ float hard_exps() const { return Form::kHardSum ? hard : student; }
};

template <class Spec> struct RowPartial {
  using Policy = typename Spec::Policy;
  using Form = RowForm<Spec>;
  using Exps = typename Form::Exps;
  using Sums = RowSums<Spec>;
  static constexpr int kSums = Form::kSums, kValues = 2 + kSums;
  static constexpr bool kTeacher = Spec::kSoft;

  // The largest base-2 exponent that a logit may have before it changes the shift. A margin above 0 makes such changes
  // rare. Exponentials stay below 2^12, the reused e^T included.
  static constexpr float kMargin = 11.5f;

  Policy policy;
  Exps exponents;  // the shifts of the sums
  float student_limit = -infinity(), teacher_limit = -infinity();  // a logit above it changes the shifts
  float student_max = -infinity(), teacher_max = -infinity();
  Sums sums;
  Sums odd_sums;  // every second class, so that successive additions are independent; join_odd() empties it

  __device__ __forceinline__ RowPartial(const Policy& policy, RowScales scales)
      : policy(policy),
        exponents(scales) {}

  // A partial with known maxima, for exact-shift exponentials.
  __device__ __forceinline__ RowPartial(const Policy& policy, const Exps& exponents, float student_max,
                                        float teacher_max)
      : policy(policy), exponents(exponents), student_max(student_max), teacher_max(teacher_max) {}

  // A partial of no classes.
  __device__ __forceinline__ RowPartial emptied() const {
    return RowPartial(policy, exponents.moved_to(-infinity(), -infinity()), -infinity(), -infinity());
  }

  // Updates the maxima by the largest logits of some vectors, before the classes of these vectors are added. If a logit
  // exceeds the margin, the sums move to new shifts.
  __device__ __forceinline__ void note_maxima(float z, float u) {
    student_max = max(student_max, z);
    if constexpr (Spec::kSoft) teacher_max = max(teacher_max, u);
    if (z > student_limit || (Form::kSoftmax && u > teacher_limit)) {
      join_odd();
      move_to(student_max, teacher_max);
      // The margins in logits. The student's also holds for the cross-entropy.
      float student_scale = max(exponents.any_student().scale, Spec::kHard ? kLog2E : 0.0f);
      student_limit = student_max + kMargin * reciprocal(student_scale);
      teacher_limit = teacher_max + kMargin * reciprocal(exponents.teacher.scale);
    }
  }

  // Adds one class to sums or odd_sums. `finite` selects shorter code for finite logits. With this code a logit of -inf
  // makes a sum NaN or infinite; is_ordinary() then returns false, and the row takes the exact-shift path.
  template <bool FAST> __device__ __forceinline__ void add(float z, float u, bool finite, Sums& to) {
    float es, et;
    add<FAST>(z, u, finite, to, es, et);
  }

  // The same; also returns the exponentials of the class in `es` and `et`.
  template <bool FAST>
  __device__ __forceinline__ void add(float z, float u, bool finite, Sums& to, float& es, float& et) {
    es = et = 0;
    if constexpr (Form::kSoftmax) {
      float s = exponents.student.template exponent<FAST>(z), t = exponents.teacher.template exponent<FAST>(u);
      es = Exponents::power<FAST>(s);
      et = Exponents::power<FAST>(t);
      to.student += es;
      to.teacher += et;
      if constexpr (Form::kRaw) {
        if (FAST && finite)
          policy.add_raw(to.policy, s, t, es, et);
        else
          policy.add_raw_any(to.policy, s, t, es, et);
      }
      if constexpr (Form::kEntropySums) {  // a class that is absent adds 0
        to.student_exponents = fma(es, max(s, -kLargest), to.student_exponents);
        to.teacher_exponents = fma(et, max(t, -kLargest), to.teacher_exponents);
      }
    }
    if constexpr (Form::kLogits) policy.add_logits(to.policy, z, u);
    if constexpr (Exps::kSeparateHard)
      to.hard += exponents.template hard_exp<FAST>(z, es);
    else if constexpr (Form::kHardSum)
      to.hard = add_reused_exp<Spec::kExpReuse>(es, to.hard);
    if constexpr (Spec::kSmoothing)
      if ((FAST && finite) || z != -infinity()) {
        to.exponents += exponents.any_student().template exponent<FAST>(z);
        to.present += 1;
      }
  }

  __device__ __forceinline__ void join_odd() {
    sums.add(odd_sums);
    odd_sums = Sums();
  }

  // Moves the sums to the shifts of new maxima, which must not be below the old ones. odd_sums must be empty.
  __device__ __forceinline__ void move_to(float new_student_max, float new_teacher_max) {
    Exps to = exponents.moved_to(new_student_max, new_teacher_max);
    if constexpr (Form::kSoftmax) {
      float ds = to.student.offset - exponents.student.offset, dt = to.teacher.offset - exponents.teacher.offset;
      float fs = exp2_normal(-ds), ft = exp2_normal(-dt);
      if constexpr (Form::kRaw) policy.shift_raw(sums.policy, sums.student, sums.teacher, ds, dt, fs, ft);
      if constexpr (Form::kEntropySums) {
        sums.student_exponents = fs * fma(sums.student, -ds, sums.student_exponents);
        sums.teacher_exponents = ft * fma(sums.teacher, -dt, sums.teacher_exponents);
      }
      sums.student *= fs;
      sums.teacher *= ft;
      if constexpr (Form::kHardSum && !Exps::kSeparateHard) sums.hard *= reuse_exp<Spec::kExpReuse>(fs);
    }
    if constexpr (Exps::kSeparateHard) sums.hard *= exp2_normal(exponents.hard.offset - to.hard.offset);
    if constexpr (Spec::kSmoothing)
      sums.exponents = fma(sums.present, exponents.any_student().offset - to.any_student().offset, sums.exponents);
    exponents = to;
    student_max = new_student_max;
    teacher_max = new_teacher_max;
  }

  // Adds the classes of another partial. odd_sums of both must be empty.
  __device__ __forceinline__ void merge(RowPartial other) {
    float student = max(student_max, other.student_max), teacher = max(teacher_max, other.teacher_max);
    move_to(student, teacher);
    other.move_to(student, teacher);
    sums.add(other.sums);
  }

  // Makes a sum NaN. A merge makes the sum of the whole row NaN too, so that is_ordinary() returns false.
  __device__ __forceinline__ void invalidate() {
    bool first = true;
    sums.for_each([&](float& sum) {
      if (first) sum = not_a_number();
      first = false;
    });
  }

  // Returns whether the fast path is right for the row: every sum is finite, and each sum-exp is in
  // [1/2, classes * 2^12]. A policy on logits has no sum-exps; its maxima show a logit of +inf, or a row of only -inf.
  __device__ __forceinline__ bool is_ordinary(int classes) {
    float most = float(classes) * 4096.0f, zero = 0;
    sums.for_each_but_exps([&](float& sum) { zero += sum - sum; });
    if constexpr (Form::kLogits) zero += (student_max - student_max) + (teacher_max - teacher_max);
    bool ordinary = zero == 0;
    if constexpr (Form::kSoftmax) ordinary = ordinary && in_range(sums.student, most) && in_range(sums.teacher, most);
    if constexpr (Form::kHardSum) ordinary = ordinary && in_range(sums.hard, most);
    return ordinary;
  }

 private:
  __device__ __forceinline__ static bool in_range(float sum, float most) { return sum >= 0.5f && sum <= most; }
};

}  // namespace temper
