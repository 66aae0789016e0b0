// The mergeable state of a row: maxima, sums of exponentials, and the raw sums of the divergence.
#pragma once

#include "exponentials.h"

#include "../../kernels/divergence/all.h"

namespace temper {
namespace {

// Takes the place of the policy in RowPartial if the loss has no raw sums.
struct NoRawSums {
  static constexpr ValueForm kValue = ValueForm::kClasses;
  static constexpr GradientForm kGradient = GradientForm::kCentred;
  static constexpr int kRawSums = 0;
};

template <class Policy, bool has_raw_sums> struct ChooseRawSums { typedef NoRawSums Type; };
template <class Policy> struct ChooseRawSums<Policy, true> { typedef Policy Type; };
template <class Policy, bool soft>
using RawSumsOf = typename ChooseRawSums<Policy, soft && Policy::kValue == ValueForm::kRawSums>::Type;

// Whether value or gradient needs the ratio of p and q in each class.
template <class Policy>
constexpr bool kNeedsRatios = Policy::kValue == ValueForm::kClasses || is_centred(Policy::kGradient);

// The exponentials of a row's tensors. Exponents s = z - max z and t = (u - max u) teacher_unit have the unit 1/T nats.
struct RowScales {
  Exponential student, teacher, untempered{1.0};
  V teacher_unit;  // T / teacher's T
  V unit;          // 1/T
  double student_temperature, teacher_temperature;

  RowScales(double student_temperature, double teacher_temperature)
      : student(student_temperature),
        teacher(teacher_temperature),
        teacher_unit(splat((float)(student_temperature / teacher_temperature))),
        unit(splat((float)(1 / student_temperature))),
        student_temperature(student_temperature),
        teacher_temperature(teacher_temperature) {}

  TwoScaleShift<V> two_scale_shift(float student_max, float teacher_max) const {
    double student = 1 / student_temperature, teacher = 1 / teacher_temperature;
    float student_high = (float)student, teacher_high = (float)teacher;
    return {splat(student_max),  splat(teacher_max),
            splat(student_high), splat((float)(student - student_high)),
            splat(teacher_high), splat((float)(teacher - teacher_high))};
  }
};

// Sums over some classes of a row, one partial sum per lane. Their exponentials are shifted by the maxima of the same
// classes, or by larger ones.
template <class Raw> struct RowPartial {
  float student_max = -kInfinity, teacher_max = -kInfinity;
  V student = {}, teacher = {}, hard = {};
  V raw[Raw::kRawSums + 1] = {};

  // Changes the sums to larger maxima. Sums at a maximum of -inf are 0.
  void rescale(const Raw& policy, const RowScales& scales, float new_student, float new_teacher) {
    V ds = splat(student_max == -kInfinity ? 0.0f : new_student - student_max);
    V dt = splat(teacher_max == -kInfinity ? 0.0f : new_teacher - teacher_max);
    V fs = scales.student(-ds), ft = scales.teacher(-dt);
    if constexpr (Raw::kRawSums > 0) policy.shift_raw(raw, student, teacher, ds, dt * scales.teacher_unit, fs, ft);
    student *= fs;
    teacher *= ft;
    hard *= scales.untempered(-ds);
    student_max = new_student, teacher_max = new_teacher;
  }

  // Adds the sums over other classes. The operation is associative up to rounding.
  void merge(const Raw& policy, const RowScales& scales, const RowPartial& other) {
    float s = student_max > other.student_max ? student_max : other.student_max;
    float t = teacher_max > other.teacher_max ? teacher_max : other.teacher_max;
    if (student_max == -kInfinity && teacher_max == -kInfinity) {  // all sums are 0
      *this = other;
    } else if (s > other.student_max || t > other.teacher_max) {
      RowPartial rescaled = other;
      rescaled.rescale(policy, scales, s, t);
      if (s > student_max || t > teacher_max) rescale(policy, scales, s, t);
      add(rescaled);
    } else {
      if (s > student_max || t > teacher_max) rescale(policy, scales, s, t);
      add(other);
    }
  }

 private:
  void add(const RowPartial& other) {
    student += other.student;
    teacher += other.teacher;
    hard += other.hard;
    for (int k = 0; k < Raw::kRawSums; k++) raw[k] += other.raw[k];
  }
};

// The logarithms log2 q and log2 p of a class, for the far path.
struct FarExponents {
  V student_max, teacher_max, student_c, teacher_c;
  V log2_student, log2_teacher;  // log2 of the inverse sums

  FarExponents(V student_max, V teacher_max, V student_c, V teacher_c, const InverseSums<V>& inverse)
      : student_max(student_max),
        teacher_max(teacher_max),
        student_c(student_c),
        teacher_c(teacher_c),
        log2_student(log(inverse.student) * kLog2E),
        log2_teacher(log(inverse.teacher) * kLog2E) {}

  TEMPER_INLINE V student(V z) const { return fma(z - student_max, student_c, log2_student); }
  TEMPER_INLINE V teacher(V u) const { return fma(u - teacher_max, teacher_c, log2_teacher); }
};

}  // namespace
}  // namespace temper
