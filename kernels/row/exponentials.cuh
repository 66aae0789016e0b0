// The exponentials of a row, computed the same way in every sweep over it.
#pragma once

#include "../float_math.cuh"
#include "../divergence/policy.h"

namespace temper {

// How the cross-entropy's exp(z - max z) is obtained from the soft part's e = exp((z - max z)/T). Reuse as e^T saves
// one of three exponentials per class.
enum class ExpReuse {
  kNone = 0,         // any T: a separate exponential
  kSame = 1,         // T = 1: e
  kSquared = 2,      // T = 2: e^2
  kFourthPower = 4,  // T = 4: e^4
};

template <ExpReuse REUSE> __device__ __forceinline__ float reuse_exp(float e) {
  if constexpr (REUSE == ExpReuse::kSame) return e;
  float square = e * e;
  return REUSE == ExpReuse::kSquared ? square : square * square;
}

// sum + reuse_exp(e), for kSquared and kFourthPower.
template <ExpReuse REUSE> __device__ __forceinline__ float add_reused_exp(float e, float sum) {
  float root = REUSE == ExpReuse::kSquared ? e : e * e;
  return fma(root, root, sum);
}

// The value that is subtracted from the logits. It is 0 if all logits are -inf, because -inf - (-inf) is NaN.
__device__ __forceinline__ float shift_of(float maximum) { return maximum == -infinity() ? 0.0f : maximum; }

// Returns whether a sum of exponentials is positive and finite. A logit of NaN or +inf, or only logits of -inf, make it
// invalid.
__device__ __forceinline__ bool is_valid(float sum) { return sum > 0 && sum <= kLargest; }

// Exponentials of one tensor: 2^((z - max z) c) with c = log2(e)/T, or log2(e) for the cross-entropy. The exponent is
// computed in one of two ways:
//   exact shift   (z - max z) c; subnormal results are kept
//   fast          fma(z, c, -offset), offset = max z * c rounded to f32; results below 2^-126 are flushed to 0.
// The rounding error of the offset multiplies all fast exponentials of the row by the same factor, which cancels in
// softmax and divergences. They suffice if the offset is small enough and the smallest exponential is a normal number.
struct Exponents {
  static constexpr float kLargestOffset = 1 << 20;  // keeps the offset's rounding error below 2^-4
  static constexpr float kSmallestExponent = -125;  // one above the exponent of the smallest normal number

  float maximum = -infinity(), scale = 0, shift = 0, offset = 0;

  __device__ __forceinline__ Exponents() {}
  __device__ __forceinline__ Exponents(float maximum, float scale)
      : maximum(maximum), scale(scale), shift(shift_of(maximum)), offset(shift * scale) {}

  template <bool FAST> __device__ __forceinline__ float exponent(float z) const {
    return FAST ? fma(z, scale, -offset) : (z - shift) * scale;
  }
  template <bool FAST> __device__ __forceinline__ static float power(float exponent) {
    return FAST ? exp2_normal(exponent) : exp2(exponent);
  }
  template <bool FAST> __device__ __forceinline__ float exp(float z) const { return power<FAST>(exponent<FAST>(z)); }

  __device__ __forceinline__ bool fast_suffices(float smallest) const {
    return abs(offset) < kLargestOffset && exponent<true>(smallest) > kSmallestExponent;
  }
  // Natural logarithm of the factor by which fast exponentials are too large.
  __device__ __forceinline__ float rounding_error() const { return fma(shift, scale, -offset) * kLn2; }
};

// Exponentials of student and teacher at temperature T, and of the student at T = 1 for the cross-entropy (hard).
template <bool SOFT, bool HARD, ExpReuse REUSE> struct RowExponents {
  static constexpr bool kSeparateHard = HARD && (!SOFT || REUSE == ExpReuse::kNone);

  Exponents student, teacher, hard;

  __device__ __forceinline__ RowExponents() {}
  __device__ __forceinline__ RowExponents(float student_max, float teacher_max, float scale)
      : student(student_max, scale), teacher(teacher_max, scale), hard(student_max, kLog2E) {}

  __device__ __forceinline__ bool fast_suffices(float smallest_student, float smallest_teacher) const {
    bool soft = !SOFT || (student.fast_suffices(smallest_student) && teacher.fast_suffices(smallest_teacher));
    return soft && (!kSeparateHard || hard.fast_suffices(smallest_student));
  }

  // Natural logarithm of the factor by which fast hard_exp() is too large.
  __device__ __forceinline__ float hard_rounding_error() const {
    return kSeparateHard ? hard.rounding_error() : float(int(REUSE)) * student.rounding_error();
  }

  // exp(z - max z), where e = exp((z - max z)/T) is known.
  template <bool FAST> __device__ __forceinline__ float hard_exp(float z, float e) const {
    return kSeparateHard ? hard.exp<FAST>(z) : reuse_exp<REUSE>(e);
  }

  // Returns f with e f = e factor + hard_exp hard_factor, if hard_exp reuses e as e^T. Else returns `factor`, and the
  // cross-entropy's term must be added separately.
  __device__ __forceinline__ float add_hard_factor(float factor, float e, float hard_factor) const {
    if constexpr (!HARD || kSeparateHard) return factor;
    if constexpr (REUSE == ExpReuse::kSame) return factor + hard_factor;
    return fma(REUSE == ExpReuse::kSquared ? e : e * e * e, hard_factor, factor);
  }
};

}  // namespace temper
