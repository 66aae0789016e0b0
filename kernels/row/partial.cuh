// The state of the first sweep over a row: maxima, sums of exponentials, the label's logit and the policy's raw sums.
#pragma once

#include "exponentials.cuh"
#include "thread_group.cuh"

namespace temper {

template <class Policy, bool SOFT, bool HARD, ExpReuse REUSE> struct RowPartial {
  using All = RowExponents<SOFT, HARD, REUSE>;
  static constexpr bool kRaw = SOFT && Policy::kRawSums > 0;
  static constexpr bool kHardSum = HARD && !(SOFT && REUSE == ExpReuse::kSame);  // else the student's sum serves
  static constexpr int kRawSlots = kRaw ? Policy::kRawSums : 1;

  All exponents;
  float student_sum = 0, teacher_sum = 0, hard_sum = 0, label_logit = 0;
  float raw[kRawSlots] = {};

  __device__ __forceinline__ RowPartial(float student_max, float teacher_max, float scale)
      : exponents(student_max, teacher_max, scale) {}

  // Rescales the sums to new maxima, which are not below the old ones. Requires exact-shift exponentials.
  __device__ __forceinline__ void rescale(const Policy& policy, float student_max, float teacher_max, float scale) {
    float student_rise = shift_of(student_max) - exponents.student.shift;
    float teacher_rise = shift_of(teacher_max) - exponents.teacher.shift;
    if (exponents.student.maximum == -infinity()) student_rise = 0;  // all exponentials so far are 0
    if (exponents.teacher.maximum == -infinity()) teacher_rise = 0;
    float ds = student_rise * scale, dt = teacher_rise * scale;
    if constexpr (SOFT) {
      float fs = exp2(-ds), ft = exp2(-dt);
      if constexpr (kRaw) policy.shift_raw(raw, student_sum, teacher_sum, ds, dt, fs, ft);
      student_sum *= fs;
      teacher_sum *= ft;
    }
    if constexpr (kHardSum) hard_sum *= exp2(-student_rise * kLog2E);
    exponents = {student_max, teacher_max, scale};
  }

  // Adds one class. `present`: the class is known to be in the row, with neither logit -inf.
  template <bool FAST> __device__ __forceinline__ void add(const Policy& policy, float z, float u, bool present) {
    float es = 0;
    if constexpr (SOFT) {
      float s = exponents.student.template exponent<FAST>(z), t = exponents.teacher.template exponent<FAST>(u);
      es = Exponents::power<FAST>(s);
      float et = Exponents::power<FAST>(t);
      student_sum += es;
      teacher_sum += et;
      if constexpr (kRaw) {
        if (present)
          policy.add_raw_present(raw, s, t, es, et);
        else
          policy.add_raw(raw, s, t, es, et);
      }
    }
    if constexpr (All::kSeparateHard)
      hard_sum += exponents.template hard_exp<FAST>(z, es);
    else if constexpr (kHardSum)
      hard_sum = add_reused_exp<REUSE>(es, hard_sum);
  }

  // Adds up the sums of all threads. Requires the same maxima in all threads.
  template <class ThreadGroup> __device__ __forceinline__ void merge(ThreadGroup& group) {
    float values[4 + kRawSlots] = {student_sum, teacher_sum, hard_sum, label_logit};
#pragma unroll
    for (int i = 0; i < kRawSlots; i++) values[4 + i] = raw[i];
    group.template reduce<Sum>(values);
    student_sum = values[0];
    teacher_sum = values[1];
    hard_sum = values[2];
    label_logit = values[3];
#pragma unroll
    for (int i = 0; i < kRawSlots; i++) raw[i] = values[4 + i];
    if constexpr (HARD && !kHardSum) hard_sum = student_sum;
  }
};

}  // namespace temper
