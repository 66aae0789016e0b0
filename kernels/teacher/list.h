// A teacher that is given by a list of classes: the functions of one class that every engine uses. The listed classes
// are those with a slot, and the rest of the row is its tail.
//
// To the divergence policies such a row has few classes: the listed ones and, for kBucket, the bucket, which merges the
// rest. Every class is an element of the near-equal path (divergence/element.h), whose accuracy costs little for few
// classes. The including code declares the functions that divergence/policy.h names.
#pragma once

#include "../divergence/forward_kl.h"
#include "../divergence/jensen_shannon.h"
#include "../divergence/reverse_kl.h"
#include "../parameters.h"

namespace temper {

// The unit roundoff of a dtype.
TEMPER_INLINE float roundoff_of(int32_t dtype) {
  return dtype == kF32 ? 5.9604645e-8f : dtype == kF16 ? 4.8828125e-4f : 3.90625e-3f;
}

// A mass may exceed 1 by the rounding of its log-probabilities, and by 2^-20 in any case. `error` times the unit
// roundoff bounds the rounding; the last term, 2e-6, is the error of the sum itself.
TEMPER_INLINE bool is_mass(float mass, float error, int32_t dtype) {
  return mass <= 1 + error * roundoff_of(dtype) + 9.5367432e-7f + 2e-6f;
}

// The divergences that a loss may have if its teacher is given by lists.
template <class Policy> constexpr bool kKnownForLists = false;
template <class V> constexpr bool kKnownForLists<ForwardKl<V>> = true;
template <class V> constexpr bool kKnownForLists<ReverseKl<V>> = true;
template <class V> constexpr bool kKnownForLists<JensenShannon<V>> = true;

// The row constants that turn a student logit z and a log-probability l of the teacher into probabilities. For a
// teacher that is not renormalised, max_teacher is 0 and its sum-exp is 1.
template <class V> struct ListConstants {
  TwoScaleShift<V> shift;
  V student_c, teacher_c;  // log2(e)/T, and log2(e) times the factor of l
  InverseSums<V> inverse_sums;

  TEMPER_INLINE V student_exp(V z) const { return exp2((z - shift.max_student) * student_c); }
  TEMPER_INLINE V teacher_exp(V l) const { return exp2((l - shift.max_teacher) * teacher_c); }
  TEMPER_INLINE V log_ratio_of(V z, V l) const { return log_ratio(z, l, shift); }
  // `et` is teacher_exp(l), or the weight of a sampled class.
  TEMPER_INLINE Element<V> element_of(V z, V l, V et) const {
    return element(log_ratio_of(z, l), student_exp(z), et, inverse_sums);
  }
};

// The logarithm of a weight; -inf for a weight of 0. Weights below 2^-100 are multiplied by 2^100 first, because log()
// requires normal numbers.
template <class V> TEMPER_INLINE V log_of_weight(V weight) {
  auto small = weight < 7.8886091e-31f;
  V scaled = select(small, weight * 1.2676506e30f, weight);
  V logarithm = log(select(scaled >= 1.1754944e-38f, scaled, V{} + 1.0f)) - select(small, V{} + 69.3147181f, V{});
  return select(scaled >= 1.1754944e-38f, logarithm, V{} - infinity());
}

// p log(p/q) of one class; +inf if the student alone lacks the class, even if p was rounded to 0.
template <class V> TEMPER_INLINE V list_term(const Element<V>& e) {
  return select(e.log_ratio > kLargest, e.log_ratio, select(e.p > 0.0f, e.p * e.log_ratio, V{}));
}

// student_lacks() is 1 if the teacher has the class and the student lacks it, else 0. teacher_lacks() is the opposite.
template <class V> TEMPER_INLINE V student_lacks(const Element<V>& e) {
  return select(e.log_ratio > kLargest, V{} + 1.0f, V{});
}
template <class V> TEMPER_INLINE V teacher_lacks(const Element<V>& e) {
  return select(e.log_ratio < -kLargest, V{} + 1.0f, V{});
}

// The sums of student_lacks() and teacher_lacks() over the elements of a row, and by how much the sum of the teacher's
// probabilities exceeds that of the student's.
template <class V> struct ListDefects {
  V student_lacks, teacher_lacks;
  V excess;
};

// Corrects the row sums of a policy, after finish_elements(). An element of KL adds p log(p/q) - p + q. The last two
// terms cancel over a row only if p and q have the same sum, which the excess makes up for.
template <class V> TEMPER_INLINE void correct_list(const ForwardKl<V>&, V* sums, const ListDefects<V>& defects) {
  sums[0] = select(defects.student_lacks > 0.0f, V{} + infinity(), sums[0] + defects.excess);
}
template <class V> TEMPER_INLINE void correct_list(const ReverseKl<V>&, V* sums, const ListDefects<V>& defects) {
  sums[0] = select(defects.teacher_lacks > 0.0f, V{} + infinity(), sums[0] - defects.excess);
}
template <class V> TEMPER_INLINE void correct_list(const JensenShannon<V>& policy, V* sums,
                                                   const ListDefects<V>& defects) {
  sums[1] = sums[1] - policy.beta * defects.excess;
}

}  // namespace temper
