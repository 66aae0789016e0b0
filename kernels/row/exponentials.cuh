// The exponentials of a row, computed the same way in every sweep over it.
#pragma once

#include "../float_math.cuh"
#include "../divergence/policy.h"

namespace temper {

// How the cross-entropy's exp(z - max z) is obtained from the soft part's e = exp((z - max z)/T). For an integer T up
// to 8 it is e^T, which saves one of three exponentials per class. The value of each enumerator but kNone is T.
enum class ExpReuse {
  kNone = 0,  // any T: a separate exponential
  kSame,
  kSquared,
  kCubed,
  kFourthPower,
  kFifthPower,
  kSixthPower,
  kSeventhPower,
  kEighthPower
};

// e^N, with the fewest multiplications up to e^8, because the compiler computes a common factor of both halves once.
template <int N> __device__ __forceinline__ float power_of(float e) {
  if constexpr (N == 0)
    return 1;
  else if constexpr (N == 1)
    return e;
  else
    return power_of<N / 2>(e) * power_of<N - N / 2>(e);
}

template <ExpReuse REUSE> __device__ __forceinline__ float reuse_exp(float e) { return power_of<int(REUSE)>(e); }

// sum + reuse_exp(e), for T >= 2: the last multiplication and the addition are one fma.
template <ExpReuse REUSE> __device__ __forceinline__ float add_reused_exp(float e, float sum) {
  constexpr int T = int(REUSE);
  return fma(power_of<T / 2>(e), power_of<T - T / 2>(e), sum);
}

// The value that is subtracted from the logits. It is 0 if all logits are -inf, because -inf - (-inf) is NaN.
__device__ __forceinline__ float shift_of(float maximum) { return maximum == -infinity() ? 0.0f : maximum; }

// Returns whether a sum of exponentials is positive and finite. A logit of NaN or +inf makes the sum invalid, and so
// does a row whose logits are all -inf.
__device__ __forceinline__ bool is_valid(float sum) { return sum > 0 && sum <= kLargest; }

// Exponentials of one tensor: 2^((z - shift) c) with c = log2(e)/T, or c = log2(e) for the cross-entropy. The shift is
// the maximum of some or all logits. The exponent is computed in one of two ways:
//   fast          fma(z, c, -offset) with offset = shift * c, rounded to f32; results below 2^-126 are flushed to 0
//   exact shift   (z - shift) c; subnormal results are kept
// The rounding error of the offset multiplies all fast exponentials of a row by one factor, which cancels in the
// softmax and in the divergences. A change of shift rescales sums by the difference of the two rounded offsets, so that
// the factor stays that of the current offset. A rescaling by the difference of the maxima would leave the old factor.
struct Exponents {
  // The offset before the first logit above -inf. It is finite, so that the exponential of -inf is 0 and not NaN.
  static constexpr float kNoOffset = -kLargest;

  float scale = 0, shift = 0, offset = kNoOffset;

  __device__ __forceinline__ Exponents() {}
  __device__ __forceinline__ explicit Exponents(float scale) : scale(scale) {}
  __device__ __forceinline__ Exponents(float maximum, float scale)
      : scale(scale), shift(shift_of(maximum)), offset(maximum == -infinity() ? kNoOffset : maximum * scale) {}

  // The exact-shift exponent of a finite logit may overflow to -inf, which would mark the class as absent. It is
  // limited to the lowest finite float, whose exponential is 0 as well.
  template <bool FAST> __device__ __forceinline__ float exponent(float z) const {
    if constexpr (FAST) return fma(z, scale, -offset);
    float exact = (z - shift) * scale;
    return exact < -kLargest && z >= -kLargest ? -kLargest : exact;
  }
  template <bool FAST> __device__ __forceinline__ static float power(float exponent) {
    return FAST ? exp2_normal(exponent) : exp2(exponent);
  }
  template <bool FAST> __device__ __forceinline__ float exp(float z) const { return power<FAST>(exponent<FAST>(z)); }

  // The exponent rounding error: the natural logarithm of the factor by which fast exponentials are too large.
  __device__ __forceinline__ float rounding_error() const { return fma(shift, scale, -offset) * kLn2; }
};

// log2(e)/T of student and teacher.
struct RowScales {
  float student, teacher;
};

// Exponentials of student and teacher (SOFTMAX), and of the student at T = 1 for the cross-entropy (HARD).
template <bool SOFTMAX, bool HARD, ExpReuse REUSE> struct RowExponents {
  static constexpr bool kSeparateHard = HARD && (!SOFTMAX || REUSE == ExpReuse::kNone);

  Exponents student, teacher, hard;

  __device__ __forceinline__ RowExponents() {}
  __device__ __forceinline__ explicit RowExponents(RowScales scales)
      : student(scales.student), teacher(scales.teacher), hard(kLog2E) {}
  __device__ __forceinline__ RowExponents(float student_max, float teacher_max, RowScales scales)
      : student(student_max, scales.student), teacher(teacher_max, scales.teacher), hard(student_max, kLog2E) {}

  // The same scales with other maxima.
  __device__ __forceinline__ RowExponents moved_to(float student_max, float teacher_max) const {
    return RowExponents(student_max, teacher_max, {student.scale, teacher.scale});
  }

  // The student's exponents in the soft part, or those of the cross-entropy in a loss without a softmax.
  __device__ __forceinline__ const Exponents& any_student() const { return SOFTMAX ? student : hard; }

  // Natural logarithm of the factor by which fast hard_exp() is too large.
  __device__ __forceinline__ float hard_rounding_error() const {
    return kSeparateHard ? hard.rounding_error() : float(int(REUSE)) * student.rounding_error();
  }

  // exp(z - max z), from e = exp((z - max z)/T) where e can be reused.
  template <bool FAST> __device__ __forceinline__ float hard_exp(float z, float e) const {
    return kSeparateHard ? hard.exp<FAST>(z) : reuse_exp<REUSE>(e);
  }

  // Merges two terms of a gradient. If the cross-entropy reuses e, returns f with
  //   e * f = e * factor + e^T * hard_factor.
  // Otherwise returns `factor`, and the caller adds the term of the cross-entropy separately.
  __device__ __forceinline__ float add_hard_factor(float factor, float e, float hard_factor) const {
    if constexpr (!HARD || kSeparateHard) return factor;
    else if constexpr (REUSE == ExpReuse::kSame)
      return factor + hard_factor;
    else
      return fma(power_of<int(REUSE) - 1>(e), hard_factor, factor);
  }
};

// Exponentials of COUNT classes of a thread, and the offsets with which they were computed.
template <int COUNT> struct KeptExponentials {
  float student[COUNT], teacher[COUNT], student_offset, teacher_offset;

  __device__ __forceinline__ KeptExponentials() {}
  // Declares the values of a row that keeps none as unset, which costs no instruction. Nothing reads them then.
  __device__ __forceinline__ void set_none() {
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      leave_unset(student[i]);
      leave_unset(teacher[i]);
    }
    leave_unset(student_offset);
    leave_unset(teacher_offset);
  }
};
template <> struct KeptExponentials<0> {};

}  // namespace temper
