// What the first sweep over a row accumulates: maxima, sums of exponentials, the label's logit, the policy's raw sums.
#pragma once

#include "team.cuh"
#include "divergence/policy.h"

namespace temper {

// How exp(z - max), which the cross-entropy needs at T = 1, comes from exp((z - max)/T): as its T-th power, which saves one of
// three exponentials, or computed apart.
enum class HardPower { kApart = 0, kSame = 1, kSquare = 2, kFourth = 4 };

template <HardPower POWER> __device__ __forceinline__ float hard_exponential(float tempered) {
  if constexpr (POWER == HardPower::kSame) return tempered;
  float square = tempered * tempered;
  return POWER == HardPower::kSquare ? square : square * square;
}

// sum + hard_exponential(tempered), for the powers above 1.
template <HardPower POWER> __device__ __forceinline__ float add_hard_exponential(float tempered, float sum) {
  float root = POWER == HardPower::kSquare ? tempered : tempered * tempered;
  return fma(root, root, sum);
}

// Maxima are -inf before the first class. What is subtracted from a logit is 0 then: absent minus absent is no number.
__device__ __forceinline__ float shift_of(float maximum) { return maximum == -infinity() ? 0.0f : maximum; }

// One tensor's exponentials: 2^(z c - offset), c = log2(e)/T or log2(e), offset = max z * c. Two ways to the exponent:
//   careful   (z - max) c, and subnormal results are kept
//   plain     one fma, with the offset as rounded: all exponentials of the row are off by the same factor 2^lag, which cancels in
//             softmax and divergences. For rows whose offset is small enough for an accurate fma, and whose smallest exponential
//             is a normal number.
struct Exponents {
  static constexpr float kLargestOffset = 1 << 20;   // lag below 2^-4
  static constexpr float kSmallestExponent = -125;   // a little above the smallest normal number's

  float maximum = -infinity(), scale = 0, shift = 0, offset = 0;

  __device__ __forceinline__ Exponents() {}
  __device__ __forceinline__ Exponents(float maximum, float scale)
      : maximum(maximum), scale(scale), shift(shift_of(maximum)), offset(shift * scale) {}

  template <bool PLAIN> __device__ __forceinline__ float exponent(float z) const {
    return PLAIN ? fma(z, scale, -offset) : (z - shift) * scale;
  }
  template <bool PLAIN> __device__ __forceinline__ static float power(float exponent) {
    return PLAIN ? exp2_normal(exponent) : exp2(exponent);
  }
  template <bool PLAIN> __device__ __forceinline__ float of(float z) const { return power<PLAIN>(exponent<PLAIN>(z)); }

  __device__ __forceinline__ bool can_be_plain(float smallest) const {
    return abs(offset) < kLargestOffset && exponent<true>(smallest) > kSmallestExponent;
  }
  // log of what plain exponentials are too large by.
  __device__ __forceinline__ float lag() const { return fma(shift, scale, -offset) * kLn2; }
};

// A row's exponentials, the same in every sweep over it.
template <bool SOFT, bool HARD, HardPower POWER> struct RowExponents {
  static constexpr bool kHardApart = HARD && (!SOFT || POWER == HardPower::kApart);

  Exponents student, teacher, hard;

  __device__ __forceinline__ RowExponents() {}
  __device__ __forceinline__ RowExponents(float student_max, float teacher_max, float scale)
      : student(student_max, scale), teacher(teacher_max, scale), hard(student_max, kLog2E) {}

  // Whether plain exponentials will do.
  __device__ __forceinline__ bool can_be_plain(float smallest_student, float smallest_teacher) const {
    bool soft = !SOFT || (student.can_be_plain(smallest_student) && teacher.can_be_plain(smallest_teacher));
    return soft && (!kHardApart || hard.can_be_plain(smallest_student));
  }

  // log of what a sum of plain hard_exponential() is too large by.
  __device__ __forceinline__ float hard_lag() const { return kHardApart ? hard.lag() : float(int(POWER)) * student.lag(); }

  // exp(z - max), from the tempered exponential where that will do.
  template <bool PLAIN> __device__ __forceinline__ float hard_exponential(float z, float tempered) const {
    return kHardApart ? hard.of<PLAIN>(z) : temper::hard_exponential<POWER>(tempered);
  }

  // What the tempered exponential is to be multiplied by, so that hard_factor times the hard exponential is added: that is the
  // tempered one's T-th power. Where it is apart, nothing is.
  __device__ __forceinline__ float add_hard_factor(float factor, float tempered, float hard_factor) const {
    if constexpr (!HARD || kHardApart) return factor;
    if constexpr (POWER == HardPower::kSame) return factor + hard_factor;
    return fma(POWER == HardPower::kSquare ? tempered : tempered * tempered * tempered, hard_factor, factor);
  }
};

template <class Policy, bool SOFT, bool HARD, HardPower POWER> struct RowSums {
  using All = RowExponents<SOFT, HARD, POWER>;
  static constexpr bool kRaw = SOFT && Policy::kRawSums > 0;
  static constexpr bool kHardSum = HARD && !(SOFT && POWER == HardPower::kSame);
  static constexpr int kRawSlots = kRaw ? Policy::kRawSums : 1;

  All exponents;
  float student = 0, teacher = 0, hard = 0, label_logit = 0;
  float raw[kRawSlots] = {};

  __device__ __forceinline__ RowSums(float student_max, float teacher_max, float scale) : exponents(student_max, teacher_max, scale) {}

  // New maxima, none below the old: careful sums move to the new shifts.
  __device__ __forceinline__ void raise(const Policy& policy, float student_max, float teacher_max, float scale) {
    float student_rise = shift_of(student_max) - exponents.student.shift, teacher_rise = shift_of(teacher_max) - exponents.teacher.shift;
    if (exponents.student.maximum == -infinity()) student_rise = 0;   // nothing but zeros so far
    if (exponents.teacher.maximum == -infinity()) teacher_rise = 0;
    float ds = student_rise * scale, dt = teacher_rise * scale;
    if constexpr (SOFT) {
      float fs = exp2(-ds), ft = exp2(-dt);
      if constexpr (kRaw) policy.shift_raw(raw, student, teacher, ds, dt, fs, ft);
      student *= fs;
      teacher *= ft;
    }
    if constexpr (kHardSum) hard *= exp2(-student_rise * kLog2E);
    exponents = {student_max, teacher_max, scale};
  }

  // One class; whether it is sure to be present in both.
  template <bool PLAIN> __device__ __forceinline__ void add(const Policy& policy, float z, float u, bool present) {
    float es = 0;
    if constexpr (SOFT) {
      float s = exponents.student.template exponent<PLAIN>(z), t = exponents.teacher.template exponent<PLAIN>(u);
      es = Exponents::power<PLAIN>(s);
      float et = Exponents::power<PLAIN>(t);
      student += es;
      teacher += et;
      if constexpr (kRaw) {
        if (present)
          policy.add_raw_present(raw, s, t, es, et);
        else
          policy.add_raw(raw, s, t, es, et);
      }
    }
    if constexpr (All::kHardApart)
      hard += exponents.template hard_exponential<PLAIN>(z, es);
    else if constexpr (kHardSum)
      hard = add_hard_exponential<POWER>(es, hard);
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
