// What the first sweep over a row accumulates: maxima, sums of exponentials, the label's logit, the policy's raw sums.
#pragma once

#include "team.cuh"

namespace temper {

// How exp(z - max), which the cross-entropy needs at T = 1, comes from exp((z - max)/T): as its T-th power, which saves one of
// three exponentials, or computed apart.
enum class HardPower { kApart = 0, kSame = 1, kSquare = 2, kFourth = 4 };

template <HardPower POWER> __device__ __forceinline__ float hard_exponential(float shifted, float tempered) {
  if constexpr (POWER == HardPower::kSame) return tempered;
  float square = tempered * tempered;
  if constexpr (POWER == HardPower::kSquare) return square;
  if constexpr (POWER == HardPower::kFourth) return square * square;
  return exp2(shifted * kLog2E);
}

// Maxima are -inf before the first class. What is subtracted from a logit is 0 then: absent minus absent is no number.
__device__ __forceinline__ float shift_of(float maximum) { return maximum == -infinity() ? 0.0f : maximum; }

template <class Policy, bool SOFT, bool HARD, HardPower POWER> struct RowSums {
  static constexpr bool kRaw = SOFT && Policy::kRawSums > 0;
  static constexpr bool kHardSum = HARD && !(SOFT && POWER == HardPower::kSame);
  static constexpr int kRawSlots = kRaw ? Policy::kRawSums : 1;

  float student_max = -infinity(), teacher_max = -infinity();
  float student_shift = 0, teacher_shift = 0;
  float student = 0, teacher = 0, hard = 0, label_logit = 0;
  float raw[kRawSlots] = {};

  // New maxima, none below the old: sums move to the new shifts.
  __device__ __forceinline__ void raise(const Policy& policy, float new_student, float new_teacher, float scale) {
    float student_rise = shift_of(new_student) - student_shift, teacher_rise = shift_of(new_teacher) - teacher_shift;
    if (student_max == -infinity()) student_rise = 0;   // nothing but zeros so far
    if (teacher_max == -infinity()) teacher_rise = 0;
    float ds = student_rise * scale, dt = teacher_rise * scale;
    if constexpr (SOFT) {
      float fs = exp2(-ds), ft = exp2(-dt);
      if constexpr (kRaw) policy.shift_raw(raw, student, teacher, ds, dt, fs, ft);
      student *= fs;
      teacher *= ft;
    }
    if constexpr (kHardSum) hard *= exp2(-student_rise * kLog2E);
    student_max = new_student;
    teacher_max = new_teacher;
    student_shift = shift_of(new_student);
    teacher_shift = shift_of(new_teacher);
  }

  __device__ __forceinline__ void add(const Policy& policy, float z, float u, float scale) {
    float shifted = z - student_shift, es = 0;
    if constexpr (SOFT) {
      float s = shifted * scale, t = (u - teacher_shift) * scale;
      es = exp2(s);
      float et = exp2(t);
      student += es;
      teacher += et;
      if constexpr (kRaw) policy.add_raw(raw, s, t, es, et);
    }
    if constexpr (kHardSum) hard += hard_exponential<POWER>(shifted, es);
  }

  // Sums of all threads, which stand at the same shifts.
  template <class Team> __device__ __forceinline__ void merge(Team& team) {
    float values[4 + kRawSlots] = {student, teacher, hard, label_logit};
#pragma unroll
    for (int i = 0; i < kRawSlots; i++) values[4 + i] = raw[i];
    team.template reduce<Sum>(values);
    student = values[0];
    teacher = values[1];
    hard = values[2];
    label_logit = values[3];
#pragma unroll
    for (int i = 0; i < kRawSlots; i++) raw[i] = values[4 + i];
    if constexpr (HARD && !kHardSum) hard = student;
  }
};

// A sum of exponentials that no NaN, no +inf and no lack of classes has spoiled.
__device__ __forceinline__ bool sound(float sum) { return sum > 0 && sum <= kLargest; }

}  // namespace temper
