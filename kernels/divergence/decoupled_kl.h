// Decoupled KL: D = a KL((p_y, 1 - p_y), (q_y, 1 - q_y)) + b KL(p', q') for the label y, where p' and q' are the
// softmax over the other classes. dD/ds is a (q_y - p_y) at the label and -a (q_y - p_y) q' + b (q' - p') elsewhere.
#pragma once

#include "forward_kl.h"

namespace temper {

// The sums over the row are those of KL(p', q'), a forward KL.
template <class V> struct DecoupledKl : ForwardKl<V> {
  static constexpr bool kSeparateLabel = true;
  static constexpr bool kEstimates = false;
  // D, before finish_label() KL(p', q'); factors of q' and of -p' in the gradient; a (q_y - p_y)
  static constexpr int kSums = 4;

  float a, b;

  TEMPER_INLINE static DecoupledKl of(const DivergenceParameters& p) { return {{}, p.parameter, p.complement}; }

  TEMPER_INLINE void finish_label(V* sums, const LabelOdds<V>& odds) const {
    TwoClasses<V> p(odds.teacher), q(odds.student);
    auto close = abs(odds.difference) < kSeries;
    V d = select(close, odds.difference, V{});
    // q_y - p_y = p_y (1 - q_y) (e^-d - 1), and log1p gives the logarithms of the ratios.
    V excess = q.rest * expm1_series(d);
    V difference = select(close, p.share * excess, q.share * p.rest - p.share * q.rest);
    V label_ratio = select(close, -log1p(excess), p.log_share - q.log_share);
    V rest_ratio = select(close, -log1p(q.share * expm1_series(-d)), p.log_rest - q.log_rest);
    V between = kl_term(p.share, difference, label_ratio) + kl_term(p.rest, -difference, rest_ratio);
    // A finite logit can have a probability of 0 in f32. The odds are infinite only if a class is really absent.
    V infinite = V{} + infinity();
    auto student_has_rest = odds.student <= kLargest, teacher_has_rest = odds.teacher <= kLargest;
    auto student_lacks_label = (odds.teacher >= -kLargest) & (odds.student < -kLargest);
    auto student_lacks_rest = teacher_has_rest & (odds.student > kLargest);
    between = select(student_lacks_label | student_lacks_rest, infinite, between);
    V within = select(student_lacks_rest, infinite, select(teacher_has_rest, sums[0], V{}));
    V weight = select(teacher_has_rest & student_has_rest, V{} + b, V{});
    sums[3] = a * difference;
    sums[2] = weight;
    sums[1] = weight - sums[3];
    // A KL with weight 0 adds nothing, even if it is +inf.
    sums[0] = (a > 0 ? a * between : V{}) + (b > 0 ? b * within : V{});
  }

  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student_factor, V teacher_factor) const {
    return {student_factor * sums[1], V{}, -(teacher_factor * sums[2])};
  }
  TEMPER_INLINE V label_gradient(const V* sums) const { return sums[3]; }

  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    return fma(sums[2], e.difference, -(sums[3] * e.q));
  }
};

}  // namespace temper
