// A teacher that is not given by logits of the student's classes. A prepared row of it holds one f32 logit for each
// class, so that the divergences and all options of a loss read it like any other teacher. These logits are the
// log-probabilities as they are, the logarithms of probabilities or of a mixture, or the logits that a class map
// selects. All but the last already have the temperature of the loss, so that they are read at temperature 1.
//
// These are the functions of one class that every engine uses. The including code declares the functions that
// divergence/policy.h names.
#pragma once

#include "../row_semantics.h"
#include "list.h"

namespace temper {

// log p, with -inf for 0. NaN and +inf stay as they are.
template <class V> TEMPER_INLINE V log_of_probability(V p) { return select(p == p, log_of_weight(p), p); }

// The mass of a row of probabilities, and the sum that, times the unit roundoff of its dtype, bounds the error of the
// mass.
template <class V> struct RowMass {
  V mass = {}, error = {};
  V non_finite = {}, negative = {};  // numbers of values that are NaN or +inf, and of negative probabilities

  TEMPER_INLINE void add_log(V l) {
    // e^l for the log-probabilities up to 0, and 1 + l, which is less than e^l, for larger ones.
    V above = max(l, V{}), p = exp2(min(l, V{}) * kLog2E) + above;
    mass += p;
    error += select(p > 0.0f, p * (1.0f + abs(min(l, V{} + 1.0f))), V{});
    non_finite += select(l <= kLargest, V{}, V{} + 1.0f);
  }
  TEMPER_INLINE void add_probability(V p) {
    mass += p;
    negative += select(p < 0.0f, V{} + 1.0f, V{});
    non_finite += select(p <= kLargest, V{}, V{} + 1.0f);
  }
};

// Returns whether a row is not a distribution. For a row with NaN or +inf the result is false, because its loss is NaN
// anyway, as with such logits. The last term of `allowed` is the error of the sum computed here;
// dev.temper.spi.TeacherMass has the exact limit.
TEMPER_INLINE bool has_bad_mass(float mass, float error, float non_finite, float negative, int32_t dtype, bool logs) {
  if (!logs && negative > 0) return true;
  float allowed = roundoff_of(dtype) * (logs ? error : 1.0f) + 9.5367432e-7f + 2e-6f, excess = mass - 1.0f;
  return !(non_finite > 0) && !(excess <= allowed && excess >= -allowed);
}

// One class of a mixture: log p = high + log(sum), where `high` is the largest log-probability so far.
template <class V> struct MixtureClass {
  V high, sum;

  TEMPER_INLINE void add(V log_p, V weight) {
    V lesser = min(high, log_p), greater = max(high, log_p);
    V e = exp2(select(lesser > -infinity(), lesser - greater, lesser) * kLog2E);
    sum = select(log_p > high, fma(sum, e, weight), fma(e, weight, sum));
    high = greater;
  }
  TEMPER_INLINE V log_probability() const {
    return select(high > -infinity(), high + log(select(sum > 0.0f, sum, V{} + 1.0f)), high);
  }
};

// The softmax of one teacher of a mixture: log p = (x - max) / T - log_sum with 1/T = inverse + inverse_rest.
struct MixedSoftmax {
  float maximum, inverse, inverse_rest, log_sum;

  // The exponent of a finite logit may overflow to -inf, which would mark the class as absent. It is limited to the
  // lowest finite float.
  template <class V> TEMPER_INLINE V exponent(V x) const {
    V d = x - maximum;
    return select(d > -infinity(), max(fma(d, V{} + inverse, d * inverse_rest), V{} - kLargest), d);
  }
  template <class V> TEMPER_INLINE V log_probability(V x) const { return exponent(x) - log_sum; }
};

TEMPER_INLINE bool is_taken(const uint32_t* columns_taken, int column) {
  return (columns_taken[column / 32] >> column % 32 & 1u) != 0;
}

}  // namespace temper
