// What a divergence is to a traversal, and the arithmetic that all divergences share.
//
// One row: z student logits, u teacher logits, T temperature, q = softmax(z/T), p = softmax(u/T).
// A divergence D(p, q) is written once, as a struct template over a value type V, and serves every engine:
// V = float in a CUDA thread, V = a GCC vector of 4, 8 or 16 floats on the CPU (also with one row per lane, for short rows).
// These headers include nothing, call no standard function, and compile under NVRTC, nvcc and g++.
//
// The side that includes them declares first, in namespace temper and for its V (M is what `V < V` gives, bool or a vector mask):
//     V fma(V, V, V)   V abs(V)   V max(V, V)   V select(M, V, V)
//     V log(V)         to the last bits relative to the result, argument normal and positive
//     V log1p(V)       ditto, argument in (-1, 0.5]
//     V log2_normal(V) argument normal and positive; off by 2^-22 at most between 1/2 and 2, by 2^-22 of the result elsewhere
// and + - * / < <= > == & | work between V, with float constants too. Contraction of a*b + c by the compiler would do no harm here
// (both sides switch it off all the same, so that they agree to the bit); reassociation (fast-math) does.
//
// THE POLICY. `sums` are the row's accumulators: all start at 0 and are plainly added over classes, lanes, warps, blocks, clusters.
// Every divergence has an accurate route, good relative to itself however small it is, and a cheap one for the rows in which it is
// not small. A policy holds its parameters as float fields and has
//     kRawSums             accumulators of the cheap route over unnormalised exponentials; 0 = D asks for p and q
//     kSums                accumulators over elements
//     kGradientNeedsSums   whether gradient() reads these (then the gradient comes one sweep later)
//     kCentred             whether the cheap gradient is q (g - sum q g) with g = dD/dq
//     nearly_equal()       the D in nats below which the cheap value is not good enough
//   accurate route
//     add(sums, element)             one class
//     value(sums)                    D in nats
//     gradient(element, sums)        dD/ds of one class: the caller multiplies by T (by 1/T without T^2) and the weights
//   cheap value, kRawSums > 0: one sweep has it
//     add_raw(sums, s, t, es, et)    one class: s = (z - max z) c, t = (u - max u) c for one c > 0 of the row (1, 1/T, log2(e)/T ...),
//                                    es = exp((z - max z)/T), et likewise. A logit of -inf gives s = -inf, es = 0; never NaN shifts:
//                                    while a maximum is still -inf, shift by 0 instead.
//     add_raw_present(sums, s, t, es, et)   ditto, for a class with s and t finite
//     shift_raw(sums, Ss, St, ds, dt, fs, ft)   the maxima rose by ds, dt >= 0 (in units of s and t): every es becomes es fs, every et
//                                    et ft; Ss, St are the sums of es and et before. This is what merges blocks, warps, clusters.
//     raw_value(sums, Ss, St, unit)  D in nats; s * unit is in nats, unit = 1 / (c T)
//   cheap value, kRawSums == 0: one more sweep, now that Ss and St are known
//     slopes(ratio)                  what p and q of a class are multiplied by; q's is slope(ratio), below
//     add_class(sums, p, q, slopes)  one class; an absent one has p = 0, q = 0 or both, and a finite ratio
//     finish(sums)                   makes of these, in any unit, what add() would have come to; value(sums) is next
//   cheap gradient, kCentred == false: linear in the exponentials
//     cheap_gradient(es, et, student_factor, teacher_factor)   factor * dD/ds of one class; the factors are the caller's own
//                                    (T, weights ...) times 1/Ss and 1/St. What the caller adds to student_factor comes back times es.
//   cheap gradient, kCentred == true. Where D = sum p f(q/p), g = f'(q/p) is a function of the ratio alone, however it is normalised:
//     slope(ratio)                   g of one class, in any unit and from any origin
//     centring(factor, sums)         dD/ds times what `factor` stands for is factor' slope - mean', {factor', mean'} = centring(...)
//                                    for each q of the class, or each es with a factor over Ss
//
// Who goes where: forward KL has raw sums and a linear gradient. Jensen-Shannon and the skewed KLs need p and q for m and are centred;
// so is total variation (slope +-1/2; near a tie the sign is anyone's). Reverse KL has raw sums, sum es (s - t), and is centred, slope
// -log2, mean D. A mixture of both KLs has the raw sums of both; its gradient is linear plus centred.
//
// THE TRAVERSAL (it knows no divergence by name):
//   sweep 1   max z, max u, Ss, St, raw sums                             -> raw_value
//   sweep 2   where kRawSums == 0: add_class(...)                        -> finish, value
//   last      cheap gradient of each class
//   A row whose value is below nearly_equal() takes the accurate route instead (a row-uniform branch):
//   sweep 2'  d0 = log_ratio(z, u, shift); W += excess(d0, es, et), with es, et shifted by the very maxima that row_shift got
//             (z - max first, then scaled; not one fma with a rounded max * c) -> normaliser(W, Ss, St)
//   sweep 3'  add(sums, element(...))                                    -> value
//   last      gradient of element(...). Where kGradientNeedsSums is false, sweep 3' and the last one can be one.
// Poisoned rows are the traversal's: Ss or St not finite or 0 means NaN everywhere (NaN and +inf logits end up there by themselves).
// Student equal to teacher gives exactly 0 on the accurate route, and on the linear cheap one if student and teacher go through the
// same operations in the same order; a traversal that takes equal rows anywhere else sees to it itself.
#pragma once

#if defined(TEMPER_INLINE)
#elif defined(__CUDACC__)
#define TEMPER_INLINE __device__ __forceinline__
#else
#define TEMPER_INLINE inline __attribute__((always_inline))
#endif

namespace temper {

// The cheap value is good to about 3e-7 nats (f32 sums, one logarithm): below this it misses a relative error of 1e-5.
constexpr float kNearlyEqual = 0.03125f;

constexpr float kLn2 = 0.693147181f, kLog2E = 1.44269504f;

// Beyond 2^+-300 one of p and q is 0 in f32: ratios end there.
constexpr float kFarApart = 300;

// One class of a row whose sums are known, as far as a centred gradient goes.
template <class V> struct Ratio {
  V log2;     // of p/q; finite, where a class is absent too
  V lesser;   // the smaller of p and q over the larger: 2^-|log2|
};

// Of one class, for p and for q.
template <class V> struct Slopes {
  V teacher, student;
};

// Row constants of a centred gradient: es (slope * factor - mean).
template <class V> struct Centring {
  V factor, mean;
};

// One class of a row whose normalisers are known.
template <class V> struct Element {
  V p, q;          // probability under teacher, student
  V difference;    // q - p; on the accurate route good relative to itself, however small
  V log_ratio;     // log p - log q, ditto (accurate route only); +-inf where one of them is absent, 0 where both are
};

// What turns a row's exponentials into probabilities.
template <class V> struct Normaliser {
  V teacher, student;   // 1 / St and 1 / Ss
  V log_ratio;          // log(Ss / St), good relative to itself (accurate route only)
};

// high + low = max u - max z exactly.
template <class V> struct RowShift {
  V high, low;
  V inverse_temperature;
};

// a - b = high + low exactly (Knuth's two-sum), for finite a and b.
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

// d0 = ((u - max u) - (z - max z)) / T, good relative to itself however small; +-inf where one logit is -inf, 0 where both are.
template <class V> TEMPER_INLINE V log_ratio(V z, V u, const RowShift<V>& shift) {
  V high, low;
  exact_difference(u, z, high, low);
  V d = ((high - shift.high) + (low - shift.low)) * shift.inverse_temperature;
  return select(abs(high) <= 3.4028235e38f, d, select(high == high, high, V{}));
}

// Where |d| is below this the series are used; above it the plain differences lose at most two bits.
constexpr float kSeries = 0.7f;

// d - 1 + e^-d for |d| < kSeries: d^2/2 - d^3/6 + ..., eight terms for 3e-8 of it.
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
template <class V> TEMPER_INLINE V expm1_series(V d) {
  return phi_series(d) - d;
}

// et (e^-d0 - 1) = es - et: what sweep 2 adds up.
template <class V> TEMPER_INLINE V excess(V d0, V es, V et) {
  return select(abs(d0) < kSeries, et * expm1_series(d0), es - et);
}

// From W = sum of excess. log(Ss/St) = log1p(W/St), until the sums differ so much that the quotient is the better one.
template <class V> TEMPER_INLINE Normaliser<V> normaliser(V excess_sum, V student_sum, V teacher_sum) {
  V r = excess_sum / teacher_sum;
  auto close = abs(r) < 0.5f;
  Normaliser<V> n;
  n.teacher = 1.0f / teacher_sum;
  n.student = select(close, n.teacher / (1.0f + r), 1.0f / student_sum);
  n.log_ratio = select(close, log1p(select(close, r, V{})), log(select(close, V{} + 1.0f, student_sum / teacher_sum)));
  return n;
}

template <class V> TEMPER_INLINE Element<V> element(V d0, V es, V et, const Normaliser<V>& n) {
  Element<V> e;
  e.p = et * n.teacher;
  e.log_ratio = d0 + n.log_ratio;
  auto close = abs(e.log_ratio) < kSeries;
  V q = es * n.student;
  e.difference = select(close, e.p * expm1_series(e.log_ratio), q - e.p);
  e.q = select(close, e.p + e.difference, q);
  return e;
}

// For the gradient of a policy with a cheap route; two products, not one fma, so that equal inputs give exactly 0.
template <class V> TEMPER_INLINE Element<V> cheap_element(V es, V et, const Normaliser<V>& n) {
  Element<V> e;
  e.p = et * n.teacher;
  e.q = es * n.student;
  e.difference = e.q - e.p;
  e.log_ratio = V{};
  return e;
}

// a log(a/b) - a + b for l = log(a/b), remainder = b - a: a term of KL(a, b) that is never negative and keeps its relative accuracy.
// a = 0 gives b.
template <class V> TEMPER_INLINE V kl_term(V a, V remainder, V l) {
  V plain = select(a > 0.0f, a * l, V{}) + remainder;
  return select(abs(l) < kSeries, a * phi_series(l), plain);
}

}  // namespace temper
