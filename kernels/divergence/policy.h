// The interface of a divergence, and the arithmetic that all divergences share.
//
// Notation for one row: z student logits, u teacher logits, T temperature, q = softmax(z/T), p = softmax(u/T),
// Ss = sum exp((z - max z)/T), St = sum exp((u - max u)/T).
//
// A divergence D(p, q) is a struct template over a value type V, the policy, and serves every engine: V = float in a
// CUDA thread, V = a GCC vector of 4, 8 or 16 floats in the CPU engine. These headers include nothing, call no standard
// function, and compile under NVRTC, nvcc and g++.
//
// The including code declares before them, in namespace temper (M is the type of `V < V`, bool or a vector mask):
//     V fma(V, V, V)   V abs(V)   V max(V, V)   V select(M, V, V)
//     V log(V)         relative error of about one ulp, for normal positive arguments
//     V log1p(V)       relative error of about one ulp, for arguments in (-1, 0.5]
//     V log2_normal(V) for normal positive arguments; error at most 2^-22 between 1/2 and 2, else 2^-22 of the result
// Operators + - * / < <= > == & | work between V, and with float constants. Reassociation (-ffast-math) breaks this
// code. Contraction to fma does not, but every engine switches it off so that equal operations give equal bits.
//
// PATHS. The near-equal path gives D and its gradient with an error relative to themselves, however small D is. The
// other paths are cheaper, and serve rows whose D is not small.
//
// INTERFACE of a policy. `sums` are accumulators of a row: they start at 0 and are added over classes, lanes, warps,
// blocks. Parameters of the divergence are float fields of the policy.
//   kRawSums          number of accumulators over exponentials that are not normalised; 0: D requires p and q
//   kSums             number of accumulators over elements or classes
//   kCentred          whether the gradient of the other paths is q (g - sum q g) with g = dD/dq
//   nearly_equal()    the near-equal path is taken if D in nats is below this
//
// Near-equal path:
//   add(sums, element)
//       Adds one class.
//   value(sums)
//       Returns D in nats.
//   gradient(element, sums)
//       Returns dD/ds of one class, s = z/T. The caller applies T and the weights.
//
// Value on the other paths if kRawSums > 0, from one sweep:
//   add_raw(sums, s, t, es, et)
//       Adds one class. es = exp((z - max z)/T) has the exponent s = (z - max z) c, and et = exp((u - max u)/T) has the
//       exponent t = (u - max u) c, where c > 0 is a constant of the row. A logit of -inf gives s = -inf and es = 0.
//       While a maximum is -inf, 0 is subtracted instead, because s would be NaN.
//   add_raw_present(sums, s, t, es, et)
//       Like add_raw(), for a class with finite s and t.
//   shift_raw(sums, Ss, St, ds, dt, fs, ft)
//       Rescales the sums to new maxima. c max z rose by ds >= 0 and c max u by dt >= 0, so that every es is multiplied
//       by fs and every et by ft. Ss and St are the sums before.
//   raw_value(sums, Ss, St, unit)
//       Returns D in nats. s * unit is in nats: unit = 1/(c T).
//
// Value on the other paths if kRawSums == 0, from a second sweep with known Ss and St:
//   slopes(ratio)
//       Returns the factors of p and q in add_class().
//   add_class(sums, p, q, slopes)
//       Adds one class. p and q may be 0; the ratio is finite also in that case.
//   finish(sums)
//       Converts the sums to those of add(), so that value(sums) can follow.
//
// Gradient on the other paths if not kCentred; it is linear in the exponentials:
//   linear_gradient(es, et, student_factor, teacher_factor)
//       Returns factor * dD/ds of one class, where student_factor is factor/Ss and teacher_factor is factor/St. The
//       result is linear in student_factor, with the coefficient es.
//
// Gradient on the other paths if kCentred, for D = sum p f(q/p), whose g = f'(q/p) depends on the ratio only:
//   slope(ratio)
//       Returns g of one class, times a constant and plus a constant.
//   centring(factor, sums)
//       Returns {factor', mean'} with factor dD/ds = q (factor' slope - mean').
//
// Examples: forward KL has raw sums and a linear gradient. Jensen-Shannon and the skewed KLs require p and q for their
// mixture and are centred, and so is total variation (slope +-1/2). Reverse KL has the raw sum of es (s - t) and is
// centred, with slope -log2 of the ratio and mean D.
//
// SWEEPS of an engine over a row:
//   1   max z, max u, Ss, St, raw sums                                  -> raw_value()
//   2   if kRawSums == 0: add_class() for each class                    -> finish(), value()
//   3   linear or centred gradient of each class
// If the value is below nearly_equal(), the row takes the near-equal path instead of sweep 3:
//   2'  W = sum of excess(log_ratio(z, u, shift), es, et)               -> inverse_sums(W, Ss, St)
//   3'  add() for each element                                          -> value()
//   4'  gradient() of each element
//
// Requirements on an engine:
//  - Sweep 2' computes exponents as (z - max z) c. With a rounded product max z * c, the exponentials would have an
//    error that log_ratio() does not have.
//  - If Ss or St is 0 or not finite, value and gradient are NaN. The engine sets them; the policy need not.
//  - If student and teacher are equal, D and gradient are exactly 0. The near-equal path ensures this, and so does a
//    linear gradient if the same operations compute the exponentials of both. Elsewhere the engine sets the zeros.
#pragma once

#if defined(TEMPER_INLINE)
#elif defined(__CUDACC__)
#define TEMPER_INLINE __device__ __forceinline__
#else
#define TEMPER_INLINE inline __attribute__((always_inline))
#endif

namespace temper {

// The value of the other paths has an error of about 3e-7 nats (f32 sums, one logarithm). Below this D, that would be a
// relative error above 1e-5.
constexpr float kNearlyEqual = 0.03125f;

constexpr float kLn2 = 0.693147181f, kLog2E = 1.44269504f;

// Limit of |log2(p/q)|: beyond it the smaller of p and q is 0 in f32.
constexpr float kFarApart = 300;

// The ratio of p and q in one class, for policies with kRawSums == 0.
template <class V> struct Ratio {
  V log2;    // log2(p/q), limited to finite values
  V lesser;  // the smaller of p and q over the larger: 2^-|log2|
};

// Factors of p and q in the value of one class.
template <class V> struct Slopes {
  V teacher, student;
};

// Row constants of a centred gradient, which is q (slope factor - mean).
template <class V> struct Centring {
  V factor, mean;
};

// One class of a row whose sums are known.
template <class V> struct Element {
  V p, q;        // probabilities of teacher and student
  V difference;  // q - p; on the near-equal path accurate relative to itself
  V log_ratio;   // near-equal path only: log p - log q, accurate likewise; +-inf if one of p and q is 0, 0 if both are
};

// Row constants that turn exponentials into probabilities.
template <class V> struct InverseSums {
  V teacher, student;  // 1/St and 1/Ss
  V log_ratio;         // near-equal path: log(Ss/St), accurate relative to itself
};

// max u - max z as an unevaluated sum high + low without rounding error.
template <class V> struct RowShift {
  V high, low;
  V inverse_temperature;
};

// a - b = high + low exactly, for finite a and b (Knuth's two-sum).
template <class V> TEMPER_INLINE void exact_difference(V a, V b, V& high, V& low) {
  high = a - b;
  V back = high - a;
  low = (a - (high - back)) - (b + back);
}

template <class V> TEMPER_INLINE RowShift<V> row_shift(V max_student, V max_teacher, V inverse_temperature) {
  RowShift<V> shift;
  exact_difference(max_teacher, max_student, shift.high, shift.low);
  shift.inverse_temperature = inverse_temperature;
  return shift;
}

// d0 = ((u - max u) - (z - max z))/T, accurate relative to itself. It is +-inf if one logit is -inf, and 0 if both are.
template <class V> TEMPER_INLINE V log_ratio(V z, V u, const RowShift<V>& shift) {
  V high, low;
  exact_difference(u, z, high, low);
  V d = ((high - shift.high) + (low - shift.low)) * shift.inverse_temperature;
  return select(abs(high) <= 3.4028235e38f, d, select(high == high, high, V{}));
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
  InverseSums<V> n;
  n.teacher = 1.0f / teacher_sum;
  n.student = select(close, n.teacher / (1.0f + r), 1.0f / student_sum);
  n.log_ratio = select(close, log1p(select(close, r, V{})), log(select(close, V{} + 1.0f, student_sum / teacher_sum)));
  return n;
}

// An element of the near-equal path; d0 is log_ratio(z, u, shift).
template <class V> TEMPER_INLINE Element<V> element(V d0, V es, V et, const InverseSums<V>& n) {
  Element<V> e;
  e.p = et * n.teacher;
  e.log_ratio = d0 + n.log_ratio;
  auto close = abs(e.log_ratio) < kSeries;
  V q = es * n.student;
  e.difference = select(close, e.p * expm1_series(e.log_ratio), q - e.p);
  e.q = select(close, e.p + e.difference, q);
  return e;
}

// An element of the other paths, without log_ratio. The two products are not contracted to one fma, so that equal
// inputs give a difference of exactly 0.
template <class V> TEMPER_INLINE Element<V> fast_element(V es, V et, const InverseSums<V>& n) {
  Element<V> e;
  e.p = et * n.teacher;
  e.q = es * n.student;
  e.difference = e.q - e.p;
  e.log_ratio = V{};
  return e;
}

// a log(a/b) - a + b, a term of KL(a, b) that is never negative and accurate relative to itself. l is log(a/b), and
// `remainder` is b - a. The result for a = 0 is b.
template <class V> TEMPER_INLINE V kl_term(V a, V remainder, V l) {
  V direct = select(a > 0.0f, a * l, V{}) + remainder;
  return select(abs(l) < kSeries, a * phi_series(l), direct);
}

}  // namespace temper
