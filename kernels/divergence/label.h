// The class of the label against all other classes of its row, for policies with kSeparateLabel.
#pragma once

namespace temper {

// The log-odds of the label, log(probability of the label / probability of all other classes): -inf if the tensor lacks
// the label's class, +inf if it has no other class.
template <class V> struct LabelOdds {
  V student, teacher;
  V difference;  // teacher - student, accurate relative to itself on the near-equal path
};

// The probabilities of two classes from the log-odds of the first: `share` is that of the first, `rest` that of the
// second.
template <class V> struct TwoClasses {
  V share, rest, log_share, log_rest;

  TEMPER_INLINE explicit TwoClasses(V odds) {
    V smaller = exp2(-kLog2E * abs(odds)), larger = 1.0f / (1.0f + smaller), log_sum = log1p(smaller);
    auto likely = odds > 0.0f;
    smaller = smaller * larger;
    share = select(likely, larger, smaller);
    rest = select(likely, smaller, larger);
    log_share = min(odds, V{}) - log_sum;
    log_rest = min(-odds, V{}) - log_sum;
  }
};

// The entropy of a row, from the entropy of the softmax over the classes without the label.
template <class V> TEMPER_INLINE V entropy_with_label(V odds, V rest_entropy) {
  TwoClasses<V> two(odds);
  V label_term = select(two.share > 0.0f, two.share * two.log_share, V{});
  return select(two.rest > 0.0f, two.rest * (rest_entropy - two.log_rest), V{}) - label_term;
}

// Adds the label's class to the sum of exponentials of all other classes. `exponent` is that of the label in nats,
// relative to the shift of the sum. The label's exponential may be too large for f32.
template <class V> struct SumWithLabel {
  V log_sum;         // relative to the same shift
  V inverse_sum;     // 0 for a sum beyond the range of f32, and if there are no other classes
  V probability;     // that of the label
  V label_log_prob;

  TEMPER_INLINE SumWithLabel(V sum, V exponent) {
    V smaller = exp2(-kLog2E * abs(exponent));  // e^exponent or its inverse
    auto likely = (exponent > 0.0f) | (sum == 0.0f);
    V total = select(likely, fma(sum, smaller, V{} + 1.0f), sum + smaller);
    V log_total = log(total);
    log_sum = select(likely, exponent + log_total, log_total);
    label_log_prob = select(likely, -log1p(sum * smaller), exponent - log_total);
    probability = select(likely, V{} + 1.0f, smaller) / total;
    inverse_sum = select(sum > 0.0f, select(likely, smaller, V{} + 1.0f) / total, V{});
  }
};

}  // namespace temper
