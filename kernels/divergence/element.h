// One class of a row with nearly equal distributions, accurate relative to itself.
//
// The GPU kernels compute row constants, value and gradient in three sweeps:
//   inverse_sums(W, Ss, St) with W = sum of excess(log_ratio(z, u, shift), es, et)
//   add() of the policy for each element(log_ratio(z, u, shift), es, et, inverse_sums), then finish_elements()
//   gradient() of the policy for each element
// The CPU engine finds the row constants from the sum of q - p instead (native/cpu/row_near_equal.h).
#pragma once

namespace temper {

template <class V> struct Element {
  V p, q;        // probabilities of teacher and student
  V difference;  // q - p
  V log_ratio;   // log p - log q; +-inf if one of p and q is 0, 0 if both are
};

// Row constants that turn exponentials into probabilities.
template <class V> struct InverseSums {
  V teacher, student;  // 1/St and 1/Ss
  V log_ratio;         // log(Ss/St) on the near-equal path, log2(Ss/St) on the others
};

// a - b = high + low exactly, for finite a and b (Knuth's two-sum).
template <class V> TEMPER_INLINE void exact_difference(V a, V b, V& high, V& low) {
  high = a - b;
  V back = high - a;
  low = (a - (high - back)) - (b + back);
}

// max u - max z as an unevaluated sum high + low without rounding error, for student and teacher at one temperature.
template <class V> struct RowShift {
  V high, low;
  V inverse_temperature;
};

template <class V> TEMPER_INLINE RowShift<V> row_shift(V max_student, V max_teacher, V inverse_temperature) {
  RowShift<V> shift;
  exact_difference(max_teacher, max_student, shift.high, shift.low);
  shift.inverse_temperature = inverse_temperature;
  return shift;
}

// d0 = ((u - max u) - (z - max z))/T of two finite logits, accurate relative to itself.
template <class V> TEMPER_INLINE V finite_log_ratio(V z, V u, const RowShift<V>& shift) {
  V high, low;
  exact_difference(u, z, high, low);
  return ((high - shift.high) + (low - shift.low)) * shift.inverse_temperature;
}

// The maxima of a row whose student and teacher have temperatures of their own. An inverse temperature is an
// unevaluated sum high + low, so that the difference of the two scaled logits keeps its digits.
template <class V> struct TwoScaleShift {
  V max_student, max_teacher;
  V student_high, student_low, teacher_high, teacher_low;
};

// (x_high + x_low) * (high + low) = product + rest, up to the rounding of the rest.
template <class V> TEMPER_INLINE void scaled(V x_high, V x_low, V high, V low, V& product, V& rest) {
  product = x_high * high;
  rest = product_rest(x_high, high, product) + fma(x_high, low, x_low * high);
}

// d0 = (u - max u)/Tt - (z - max z)/T of two finite logits, accurate relative to itself.
template <class V> TEMPER_INLINE V finite_log_ratio(V z, V u, const TwoScaleShift<V>& shift) {
  V student, student_low, teacher, teacher_low, s, s_rest, t, t_rest;
  exact_difference(z, shift.max_student, student, student_low);
  exact_difference(u, shift.max_teacher, teacher, teacher_low);
  scaled(student, student_low, shift.student_high, shift.student_low, s, s_rest);
  scaled(teacher, teacher_low, shift.teacher_high, shift.teacher_low, t, t_rest);
  return (t - s) + (t_rest - s_rest);
}

// d0 of any two logits: +-inf if one logit is -inf, and 0 if both are.
template <class V, class Shift> TEMPER_INLINE V log_ratio(V z, V u, const Shift& shift) {
  V d = finite_log_ratio(z, u, shift), difference = u - z;
  return select(abs(difference) <= kLargest, d, select(difference == difference, difference, V{}));
}

// The series below are used for |d| < kSeries. Above it, direct differences lose at most two bits.
constexpr float kSeries = 0.7f;

// d - 1 + e^-d for |d| < kSeries: eight terms of d^2/2 - d^3/6 + ..., with a relative error of 3e-8.
template <class V> TEMPER_INLINE V phi_series(V d) {
  V y = -d;
  V sum = fma(y, V{} + 1.0f / 362880, V{} + 1.0f / 40320);
  sum = fma(y, sum, V{} + 1.0f / 5040);
  sum = fma(y, sum, V{} + 1.0f / 720);
  sum = fma(y, sum, V{} + 1.0f / 120);
  sum = fma(y, sum, V{} + 1.0f / 24);
  sum = fma(y, sum, V{} + 1.0f / 6);
  return d * d * fma(y, sum, V{} + 0.5f);
}

// e^-d - 1 for |d| < kSeries.
template <class V> TEMPER_INLINE V expm1_series(V d) { return phi_series(d) - d; }

// es - et = et (e^-d0 - 1), accurate relative to itself.
template <class V> TEMPER_INLINE V excess(V d0, V es, V et) {
  return select(abs(d0) < kSeries, et * expm1_series(d0), es - et);
}

// The row constants of the near-equal path, from the sum of excess(). log(Ss/St) is log1p(excess_sum/St), or the
// logarithm of the quotient if the sums differ by half or more.
template <class V> TEMPER_INLINE InverseSums<V> inverse_sums(V excess_sum, V student_sum, V teacher_sum) {
  V r = excess_sum / teacher_sum;
  auto close = abs(r) < 0.5f;
  V log_far = log(select(close, V{} + 1.0f, student_sum / teacher_sum));
  InverseSums<V> inverse;
  inverse.teacher = 1.0f / teacher_sum;
  inverse.student = select(close, inverse.teacher / (1.0f + r), 1.0f / student_sum);
  inverse.log_ratio = select(close, log1p(select(close, r, V{})), log_far);
  return inverse;
}

// An element of the near-equal path; d0 is log_ratio(z, u, shift).
template <class V> TEMPER_INLINE Element<V> element(V d0, V es, V et, const InverseSums<V>& inverse) {
  Element<V> e;
  e.p = et * inverse.teacher;
  e.log_ratio = d0 + inverse.log_ratio;
  auto close = abs(e.log_ratio) < kSeries;
  V q = es * inverse.student;
  e.difference = select(close, e.p * expm1_series(e.log_ratio), q - e.p);
  e.q = select(close, e.p + e.difference, q);
  return e;
}

// a log(a/b) - a + b, a term of KL(a, b) that is never negative and accurate relative to itself. `difference` is b - a,
// and `log_ratio` is log(a/b). The result for a = 0 is b.
template <class V> TEMPER_INLINE V kl_term(V a, V difference, V log_ratio) {
  V direct = select(a > 0.0f, a * log_ratio, V{}) + difference;
  return select(abs(log_ratio) < kSeries, a * phi_series(log_ratio), direct);
}

}  // namespace temper
