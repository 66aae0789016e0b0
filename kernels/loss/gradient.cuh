// The gradient of one row of the distillation loss: the last sweep over the row storage, by members of LossRow.
#pragma once

#include "path.cuh"
#include "standardised.cuh"

namespace temper {

// The row constants of the gradient.
template <class Spec> struct GradientConstants {
  GradientFactors factors;     // of dD/ds, and of the label's 1 in softmax(z) - onehot
  float hard, smoothing;       // factor of exp(z - max z), and what label smoothing subtracts for a present class
  float label_soft, label_hard;  // with kSeparateLabel: the label's gradient of the soft part, and that of softmax(z)
  RowGradient<float> divergence;
  float odds, most_power;      // p/q of a class is odds * 2^(t - s), where t - s is limited to most_power
  bool limit;                  // the teacher lacks a class, so that D and elements of the gradient are infinite

  template <class Loss> __device__ __forceinline__ GradientConstants(const Loss& loss, GradientFactors given) {
    const LossParameters& p = loss.p;
    factors = given;
    if (Spec::kStandardise && loss.is_flat) factors.soft = 0;
    // The gradient of a row without a softmax is NaN. Its inverse sums are NaN too, but not every form of a gradient
    // contains them.
    if (Spec::kSoft && loss.inverse_sums.student != loss.inverse_sums.student) factors.soft = not_a_number();
    hard = smoothing = label_soft = label_hard = 0;
    if constexpr (Spec::kHard) {
      hard = factors.hard * loss.hard_inverse_sum;
      if (p.z_loss != 0) hard *= fma(2 * p.z_loss, loss.log_sum_exp, 1.0f);
      if constexpr (Loss::kSeparateLabel)
        label_hard = factors.hard * fma(2 * p.z_loss, loss.log_sum_exp, 1.0f) * loss.label_probability;
      if constexpr (Spec::kSmoothing) {
        smoothing = factors.hard * p.label_smoothing / loss.present;
        factors.hard *= 1.0f - p.label_smoothing;
      }
    }
    divergence = {};
    odds = 1;
    most_power = 0;
    limit = false;
    if constexpr (Spec::kSoft && !Loss::Form::kElementwise) {
      divergence = loss.policy.row_gradient(loss.policy_sums, factors.soft * loss.inverse_sums.student,
                                            factors.soft * loss.inverse_sums.teacher);
      if constexpr (Loss::kSeparateLabel) label_soft = factors.soft * loss.policy.label_gradient(loss.policy_sums);
      // most_power keeps odds * 2^(t - s) finite. A class beyond it has a q of less than about 2^-126 of the largest q,
      // so that its gradient is as good as 0.
      if constexpr (Loss::kClasses) {
        odds = loss.odds_factor(reciprocal(loss.inverse_sums.student));
        most_power = 127.5f - max(log2_normal(odds), 0.0f);
      }
      if constexpr (Spec::Policy::kInfiniteLimit) limit = loss.policy.teacher_lacks_class(loss.policy_sums);
    }
  }
};

// A quotient p/q above this has a teacher's share of 1 in f32. The product of two such numbers is finite.
constexpr float kMostQuotient = 4611686018427387904.0f;  // 2^62

template <class Spec>
template <class GradientView>
__device__ __forceinline__ VectorRange LossRow<Spec>::store_gradient(const GradientView& view, GradientFactors factors,
                                                                     const Row& next, bool prefetch) {
  VectorRange in_bounds = view.in_bounds();
  gradient_sweep<kFast>(view, factors, in_bounds, next, prefetch);
  return prefetch ? in_bounds : VectorRange();
}

template <class Spec>
template <class GradientView>
__device__ __forceinline__ void LossRow<Spec>::store_gradient_again(const GradientView& view, GradientFactors factors) {
  if constexpr (kSoft && !kLogits)
    if (path == kNearEqual) {
      gradient_sweep<kNearEqual>(view, factors, VectorRange(), row, false);
      return;
    }
  if constexpr (kSoft && Policy::kFar)
    if (path == kFar) {
      gradient_sweep<kFar>(view, factors, VectorRange(), row, false);
      return;
    }
  gradient_sweep<kExactShift>(view, factors, VectorRange(), row, false);
}

// Sets the odds of some classes on the fast and exact-shift paths, if the gradient depends on them. Two neighbouring
// classes share a reciprocal.
template <class Spec>
template <typename LossRow<Spec>::Path PATH, int N>
__device__ __forceinline__ void LossRow<Spec>::class_odds(const float (&z)[N], const float (&u)[N],
                                                          const GradientConstants<Spec>& g,
                                                          Odds<float> (&odds)[N]) const {
  if constexpr (kSoft && kCentred && (PATH == kFast || PATH == kExactShift)) {
#pragma unroll
    for (int k = 0; k < N; k++) {
      float difference = exponents.teacher.template exponent<PATH == kFast>(u[k]) -
                         exponents.student.template exponent<PATH == kFast>(z[k]);
      odds[k] = {clamped<true>(difference + inverse_sums.log_ratio), g.odds,
                 exp2_normal(min(difference, g.most_power)), 0.0f};
    }
    if constexpr (kClasses)
      if constexpr (Policy::kShares) {
        float quotient[N], inverse[N];
#pragma unroll
        for (int k = 0; k < N; k++) {
          quotient[k] = min(odds[k].factor * odds[k].power, kMostQuotient);
          inverse[k] = 1 + quotient[k];
        }
        if constexpr (N == 1)
          inverse[0] = reciprocal(inverse[0]);
        else
#pragma unroll
          for (int k = 0; k < N; k += 2) invert(inverse[k], inverse[k + 1]);
#pragma unroll
        for (int k = 0; k < N; k++) odds[k].share = quotient[k] * inverse[k];
      }
  }
}

// The gradient of one class in the soft part, and in the cross-entropy where that reuses the student's exponential.
// gradient_sweep() adds the label's 1, label smoothing, and a cross-entropy with an exponential of its own. Sets `es`
// to the student's exponential.
template <class Spec>
template <typename LossRow<Spec>::Path PATH, class Shift>
__device__ __forceinline__ float LossRow<Spec>::class_gradient(float z, float u, const Odds<float>& odds,
                                                               const GradientConstants<Spec>& g, const Shift& shift,
                                                               float& es) const {
  constexpr bool kFastExp = PATH == kFast;
  es = 0;
  if constexpr (!kSoft) {
    return 0;
  } else if constexpr (PATH == kNearEqual) {
    es = exponents.student.template exp<false>(z);
    float et = exponents.teacher.template exp<false>(u);
    Element<float> e = element(log_ratio(z, u, shift), es, et, inverse_sums);
    return g.factors.soft * policy.gradient(e, policy_sums);
  } else if constexpr (PATH == kFar) {
    es = exponents.student.template exp<false>(z);
    return g.factors.soft * policy.far_gradient(log2_teacher(u), log2_student(z), policy_sums);
  } else if constexpr (Form::kElementwise) {
    if constexpr (Form::kSoftmax && kHard && !Form::Exps::kSeparateHard)
      es = exponents.student.template exp<kFastExp>(z);
    // A factor of NaN must make the whole gradient NaN, also where logit_gradient() does not depend on the factor. The
    // difference below is 0 for any other factor.
    float soft = policy.logit_gradient(z, u, g.factors.soft) + (g.factors.soft - g.factors.soft);
    return fma(es, exponents.add_hard_factor(0, es, g.hard), soft);
  } else {
    float s = exponents.student.template exponent<kFastExp>(z), t = exponents.teacher.template exponent<kFastExp>(u);
    es = Exponents::power<kFastExp>(s);
    if (PATH == kExactShift && g.limit) {
      // The limit is selected before the multiplication, because 0 times infinity is NaN.
      float limit = u == -infinity() ? infinity() : -infinity();
      float soft = z == -infinity() || g.factors.soft == 0 ? 0.0f : g.factors.soft * limit;
      return fma(es, exponents.add_hard_factor(0, es, g.hard), soft);
    }
    float coefficient = g.divergence.student;
    if constexpr (kCentred) coefficient = policy.coefficient(policy.slope(odds), g.divergence);
    float gradient = es * exponents.add_hard_factor(coefficient, es, g.hard);
    if constexpr (kLinear) gradient = fma(Exponents::power<kFastExp>(t), g.divergence.teacher, gradient);
    return gradient;
  }
}

// Stores a vector of the gradient. For a row in registers `first` is the address of the thread's first vector, from
// which all its vectors have fixed distances.
template <class Spec>
template <class GradientView>
__device__ __forceinline__ void LossRow<Spec>::store_vector(const GradientView& view,
                                                            typename GradientView::Bits* first,
                                                            const typename GradientView::Vector& values, int vector,
                                                            bool in_bounds) const {
  if (!in_bounds)
    view.store(values, vector);
  else if constexpr (Spec::Storage::kInRegisters)
    store_words(first + (vector - int(group.thread_rank)) * K, values.words);
  else
    view.store_aligned(values, vector);
}

// Stores the gradient of a kept vector. Without kMaximaFirst its exponentials have the offsets of the thread. The
// factors that move them to the offsets of the row are multiplied into the row constants.
template <class Spec>
template <class GradientView>
__device__ __forceinline__ void LossRow<Spec>::store_kept(const GradientView& view, typename GradientView::Bits* first,
                                                          const GradientConstants<Spec>& g, int kept_vector,
                                                          int vector, bool in_bounds, bool has_label) const {
  float student = g.divergence.student, hard = g.hard, teacher = g.divergence.teacher;
  if constexpr (!kMaximaFirst) {
    float fs = exp2_normal(kept.student_offset - exponents.student.offset);
    student *= fs;
    hard = kHard ? reuse_exp<Spec::kExpReuse>(fs) * hard : 0.0f;
    teacher *= exp2_normal(kept.teacher_offset - exponents.teacher.offset);
  }
  float gradient[K];
#pragma unroll
  for (int k = 0; k < K; k++) {
    float es = kept.student[kept_vector * K + k], factor = es * exponents.add_hard_factor(student, es, hard);
    gradient[k] = fma(kept.teacher[kept_vector * K + k], teacher, factor);
  }
  if (kHard && has_label)
#pragma unroll
    for (int k = 0; k < K; k++)
      if (row.column(vector) + k == label) gradient[k] -= g.factors.hard;
  store_vector(view, first, GradientView::Vector::pack(gradient), vector, in_bounds);
}

template <class Spec>
template <typename LossRow<Spec>::Path PATH, class GradientView>
__device__ __forceinline__ void LossRow<Spec>::gradient_sweep(const GradientView& view, GradientFactors factors,
                                                              VectorRange range, const Row& next, bool prefetch) {
  constexpr bool kAddHard = PATH == kNearEqual || PATH == kFar || Form::Exps::kSeparateHard;
  const GradientConstants<Spec> constants(*this, factors);
  auto shift = shift_of_row();
  auto soft_gradient = [&](float z, float u, int column) {
    if (kSeparateLabel && column == label) return constants.label_soft;
    const float student[1] = {z}, teacher[1] = {u};
    float es;
    Odds<float> odds[1];
    class_odds<PATH>(student, teacher, constants, odds);
    return class_gradient<PATH>(z, u, odds[0], constants, shift, es);
  };
  const StandardisedGradient<Spec, PATH> standardised(*this, soft_gradient);
  int label_vector = this->label_vector();
  typename GradientView::Bits* first = nullptr;
  if constexpr (Spec::Storage::kInRegisters && PATH == kFast) {
    first = view.address(int(group.thread_rank));
    keep_address(first);
  }
  auto store = [&](const Pair& pair, int vector, bool in_bounds, bool has_label) {
    float z[K], u[K], gradient[K];
    unpack(pair, z, u);
    Odds<float> odds[K];
    class_odds<PATH>(z, u, constants, odds);
#pragma unroll
    for (int k = 0; k < K; k++) {
      float es;
      bool is_separate_label = kSeparateLabel && has_label && row.column(vector) + k == label;
      gradient[k] = class_gradient<PATH>(z[k], u[k], odds[k], constants, shift, es);
      if (is_separate_label) gradient[k] = constants.label_soft + (kAddHard ? 0.0f : constants.label_hard);
      if constexpr (Spec::kStandardise)  // an infinite gradient stays as it is, because its mean would be NaN
        if (PATH != kExactShift || !constants.limit) gradient[k] = standardised.of(z[k], gradient[k], moments);
      if constexpr (kHard && kAddHard) {
        float with_hard = fma(exponents.template hard_exp<PATH == kFast>(z[k], es), constants.hard, gradient[k]);
        gradient[k] = is_separate_label ? gradient[k] + constants.label_hard : with_hard;
      }
      if constexpr (Spec::kSmoothing) gradient[k] -= z[k] == -infinity() ? 0.0f : constants.smoothing;
    }
    // The label's 1 is subtracted in f32, before the gradient is rounded to its own type.
    if (kHard && has_label)
#pragma unroll
      for (int k = 0; k < K; k++)
        if (row.column(vector) + k == label) gradient[k] -= constants.factors.hard;
    if constexpr (Spec::kStudentSoftcap)
#pragma unroll
      for (int k = 0; k < K; k++)  // an infinite gradient stays infinite where the slope is 0
        if (!(abs(gradient[k]) > kLargest)) gradient[k] *= softcap_slope(z[k], p.student_softcap);
    if constexpr (Spec::kAccumulate) {
      float before[K];
      view.load(vector, 0).unpack(before);
#pragma unroll
      for (int k = 0; k < K; k++) gradient[k] += before[k];
    }
    store_vector(view, first, GradientView::Vector::pack(gradient), vector, in_bounds);
  };
  if constexpr (PATH == kFast && kKeeps && Spec::kPass == Pass::kBackward) {
    Partial unused(policy, scales);  // the sums are those of the forward pass
    storage.template keep<kKept>(AddVectors<LossRow>{*this, unused});
  }
  if constexpr (PATH == kFast && kKeeps)
    storage.template for_each_but_kept<kKept>(row, group, range, label_vector, store,
                              [&](int j, int vector, bool in_bounds, bool has_label) {
                                store_kept(view, first, constants, j, vector, in_bounds, has_label);
                              });
  else if constexpr (PATH == kFast)
    storage.for_each(row, group, range, label_vector, store, next, prefetch);
  else
    storage.for_each_again(row, group, [&](const Pair& pair, int vector) {
      store(pair, vector, false, vector == label_vector);
    });
}

}  // namespace temper
