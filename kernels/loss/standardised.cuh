// Standardised logits, by members of LossRow: the soft part compares (x - mean)/(sd + e) of each tensor, with e = 1e-7
// and a variance that is divided by C' - 1, where C' is the number of classes above -inf.
#pragma once

#include "values.cuh"

namespace temper {

// Sets the moments and the scales of the row. The mean is not subtracted from the logits, because a softmax does not
// depend on it.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::standardise() {
  float extrema[4] = {-infinity(), -infinity(), -infinity(), -infinity()};  // max z, -min z, max u, -min u
  for_each_logit<false>([&](float z, float u) {
    if (z != -infinity()) {
      extrema[0] = max(extrema[0], z);
      extrema[1] = max(extrema[1], -z);
    }
    if (u != -infinity()) {
      extrema[2] = max(extrema[2], u);
      extrema[3] = max(extrema[3], -u);
    }
  });
  group.template reduce<Max>(extrema);
  float sums[4] = {0, 0, 0, 0};  // sum of z - max z, number of classes, and the same for u
  for_each_logit<false>([&](float z, float u) {
    sums[0] += z != -infinity() ? z - extrema[0] : 0.0f;
    sums[1] += z != -infinity() ? 1.0f : 0.0f;
    sums[2] += u != -infinity() ? u - extrema[2] : 0.0f;
    sums[3] += u != -infinity() ? 1.0f : 0.0f;
  });
  group.template reduce<Sum>(sums);
  moments = {extrema[0], sums[0] / sums[1], 0, sums[1]};
  Moments teacher = {extrema[2], sums[2] / sums[3], 0, sums[3]};
  float squares[4] = {0, 0, 0, 0};  // for each tensor the two sums of set_deviation()
  for_each_logit<false>([&](float z, float u) {
    float dz = z != -infinity() ? moments.centred(z) : 0.0f, du = u != -infinity() ? teacher.centred(u) : 0.0f;
    squares[0] = fma(dz, dz, squares[0]);
    squares[1] += dz;
    squares[2] = fma(du, du, squares[2]);
    squares[3] += du;
  });
  group.template reduce<Sum>(squares);
  moments.set_deviation(squares[0], squares[1], -extrema[1]);
  teacher.set_deviation(squares[2], squares[3], -extrema[3]);
  bool teacher_is_flat = teacher.deviation == 0;
  float teacher_inverse = teacher.inverse();
  if constexpr (kSameType<typename Spec::Teacher, Prepared>)
    if (p.teacher_form == kTeacherMixture) {  // the logits of its teachers were standardised before they were mixed
      teacher_is_flat = row.teacher.prepared->is_flat;
      teacher_inverse = 1;
    }
  is_flat = moments.deviation == 0 || teacher_is_flat;
  inverse_temperature *= moments.inverse();
  teacher_inverse_temperature *= teacher_inverse;
  scales = {inverse_temperature * kLog2E, teacher_inverse_temperature * kLog2E};
}

// Turns the gradient h with respect to the standardised logits into that with respect to the logits. With d = z - mean
// it is
//   (h - mean h)/(sd + e) - d/((C' - 1) sd (sd + e)^2) sum h d.
template <class Spec, int PATH> struct StandardisedGradient {
  float mean = 0, slope = 0, scale = 0;

  template <class Loss, class Gradient>
  __device__ __forceinline__ StandardisedGradient(Loss& loss, Gradient gradient) {
    if constexpr (!Spec::kStandardise) return;
    float sums[2] = {0, 0};
    loss.template for_each_column<PATH != Loss::kFast>([&](float z, float u, int column) {
      if (z == -infinity()) return;
      float h = gradient(z, u, column);
      sums[0] += h;
      sums[1] = fma(h, loss.moments.centred(z), sums[1]);
    });
    loss.group.template reduce<Sum>(sums);
    const Moments& moments = loss.moments;
    mean = sums[0] / moments.count;
    scale = moments.inverse();
    slope = loss.is_flat ? 0.0f : sums[1] * scale * scale / ((moments.count - 1) * moments.deviation);
  }

  __device__ __forceinline__ float of(float z, float h, const Moments& moments) const {
    return z == -infinity() ? h - h : fma(h - mean, scale, -(moments.centred(z) * slope));
  }
};

}  // namespace temper
