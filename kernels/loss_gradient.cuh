// The gradient of one row of the distillation loss: the last sweep over the row storage, by members of LossRow.
#pragma once

#include "loss_row.cuh"

namespace temper {

template <class Spec>
template <class GradientView>
__device__ __forceinline__ VectorRange LossRow<Spec>::store_gradient(const GradientView& view, GradientFactors factors,
                                                                     const Row& next, bool prefetch) {
  if (kSoft && !(inverse_sums.student == inverse_sums.student)) factors.soft = not_a_number();
  if (fast && !near_equal) {
    VectorRange in_bounds = view.aligned_count > 0 ? row.in_bounds() : VectorRange();
    gradient_sweep<kFast>(view, factors, in_bounds, next, prefetch);
    return prefetch ? in_bounds : VectorRange();
  }
  if (kSoft && near_equal)
    gradient_sweep<kNearEqual>(view, factors, VectorRange(), row, false);
  else
    gradient_sweep<kExactShift>(view, factors, VectorRange(), row, false);
  return VectorRange();
}

template <class Spec>
template <typename LossRow<Spec>::ExpPath PATH, class GradientView>
__device__ __forceinline__ void LossRow<Spec>::gradient_sweep(const GradientView& view, GradientFactors factors,
                                                              VectorRange range, const Row& next, bool prefetch) {
  constexpr bool kFastExp = PATH == kFast;
  constexpr bool kAddHard = PATH == kNearEqual || RowExponents<kSoft, kHard, Spec::kExpReuse>::kSeparateHard;
  RowShift<float> shift = row_shift(exponents.student.shift, exponents.teacher.shift, inverse_temperature);
  float student_factor = factors.soft * inverse_sums.student, teacher_factor = factors.soft * inverse_sums.teacher;
  float hard_factor = factors.hard * hard_inverse_sum;
  Centring<float> centring = {};
  if constexpr (kSoft && Policy::kCentred) centring = policy.centring(student_factor, policy_sums);
  int label_vector = label < 0 ? -1 : row.vector_of(label);
  auto store = [&](const Pair& pair, int vector, bool in_bounds) {
    float z[K], u[K], gradient[K];
    pair.unpack(z, u);
#pragma unroll
    for (int k = 0; k < K; k++) {
      float es = 0;
      gradient[k] = 0;
      if constexpr (kSoft && PATH == kNearEqual) {
        es = exponents.student.template exp<false>(z[k]);
        float et = exponents.teacher.template exp<false>(u[k]);
        Element<float> e = element(log_ratio(z[k], u[k], shift), es, et, inverse_sums);
        gradient[k] = factors.soft * policy.gradient(e, policy_sums);
      } else if constexpr (kSoft && Policy::kCentred) {
        float s = exponents.student.template exponent<kFastExp>(z[k]);
        float t = exponents.teacher.template exponent<kFastExp>(u[k]);
        es = Exponents::power<kFastExp>(s);
        float slope = policy.slope(ratio_of<kFastExp>((t - s) + inverse_sums.log_ratio));
        gradient[k] = es * exponents.add_hard_factor(fma(slope, centring.factor, -centring.mean), es, hard_factor);
      } else if constexpr (kSoft) {
        es = exponents.student.template exp<kFastExp>(z[k]);
        float et = exponents.teacher.template exp<kFastExp>(u[k]);
        float factor = exponents.add_hard_factor(student_factor, es, hard_factor);
        gradient[k] = policy.linear_gradient(es, et, factor, teacher_factor);
      }
      if constexpr (kHard && kAddHard)
        gradient[k] = fma(exponents.template hard_exp<kFastExp>(z[k], es), hard_factor, gradient[k]);
    }
    // The label's 1 is subtracted in f32, before the gradient is rounded to its own type.
    if (kHard && vector == label_vector)
#pragma unroll
      for (int k = 0; k < K; k++)
        if (row.column(vector) + k == label) gradient[k] -= factors.hard;
    auto packed = GradientView::Vector::pack(gradient);
    if (in_bounds)
      view.store_aligned(packed, vector);
    else
      view.store(packed, vector);
  };
  storage.for_each(row, group, range, store, next, prefetch);
}

}  // namespace temper
