// The interface of a divergence. docs/adding-a-divergence.md shows how to add one.
//
// Notation for one row: z student logits, u teacher logits, T temperature of the student, Tt of the teacher (mostly the
// same), q = softmax(z/T), p = softmax(u/Tt), Ss = sum exp((z - max z)/T), St = sum exp((u - max u)/Tt).
//
// A divergence D(p, q) is a struct template over a value type V, the policy, and serves every engine: V = float in a
// CUDA thread, V = a GCC vector of 4, 8 or 16 floats in the CPU engine. These headers include only each other,
// call no standard function, and compile under NVRTC, nvcc and g++.
//
// The including code declares before them, in namespace temper (M is the type of `V < V`, bool or a vector mask):
//     V product_rest(V a, V b, V product)  a b - product for the rounded product, rounded once
//     float infinity()
//     V fma(V, V, V)   V abs(V)   V select(M, V, V)
//     V max(V, V)   V min(V, V)  the second argument if the first is NaN
//     V log(V)         relative error of about one ulp, for normal positive arguments
//     V log1p(V)       relative error of about one ulp, for arguments above -1, up to the largest float
//     V log_corrected(V, V)  log(a) - c for a small c, relative error of about one ulp, for normal positive a
//     V copy_sign(V, V) the size of the first argument with the sign of the second
//     V log2_normal(V) for normal positive arguments; error at most 2^-22 between 1/2 and 2, else 2^-22 of the result
//     V reciprocal(V)  relative error of about one ulp, for normal positive arguments
//     V exp2(V)        relative error of about one ulp, for arguments of at most 0; -inf gives 0
// Operators + - * / < <= > == & | work between V, and with float constants. Reassociation (-ffast-math) breaks this
// code. Contraction to fma does not, but every engine switches it off so that equal operations give equal bits.
//
// PATHS, the ways to compute a row
//   fast         most rows
//   exact shift  rows whose fast sums are not finite or out of range, for example rows with absent classes or with very
//                large logits; the policy's functions are those of the fast path. The CPU engine has no such path.
//   near equal   rows with nearly equal distributions: D and its gradient are accurate relative to themselves, however
//                small D is
//   far          rows in which p and q have almost no class in common, for the policies with kFar
//
// EVERY POLICY states
//   kValue     ValueForm: how D is obtained on the fast path
//   kGradient  GradientForm: the form of dD/ds, s = z/T, on the fast path
//   kSums      number of row sums that value and gradient need
//   kQuadratic  whether adding a small e to log(p/q) of every class changes all row sums by terms of order e^2
//   kInfiniteLimit, kFar, kSeparateLabel, kEstimates  whether the sections with these names below apply
// and has
//   of(parameters)   the policy for the parameters of a loss
//   nearly_equal()   the near-equal path is taken if D in nats is below this; not for kLogits
// The row sums are an array `sums`, equal in all lanes, whose first element is D in nats.
//
// FAST PATH, VALUE
// ValueForm::kRawSums: D follows from sums over exponentials that are not normalised, in one sweep over the row. The
// exponentials are es = exp((z - max z)/T) and et = exp((u - max u)/Tt). Their exponents s and t are in a unit that the
// engine chooses: s = (z - max z)/(T unit) and t = (u - max u)/(Tt unit), where unit is ln 2 in the GPU kernels and 1/T
// in the CPU engine. A logit of -inf gives an exponent of -inf and an exponential of 0.
//   kRawSums                           number of raw sums
//   add_raw(raw, s, t, es, et)         adds one class with finite logits
//   add_raw_any(raw, s, t, es, et)     adds one class; a logit may be -inf
//   shift_raw(raw, Ss, St, ds, dt, fs, ft)
//                                      rescales the sums to larger maxima: every s falls by ds >= 0, every t by dt, es
//                                      is multiplied by fs, et by ft. Ss and St are the sums before.
//   finish_raw(raw, Ss, St, unit, sums)  computes the row sums; s * unit and t * unit are in nats
// ValueForm::kClasses: D needs p and q of each class, in a second sweep with known Ss and St. The policy receives both
// multiplied by a weight each, so that the mixture of p and q is a plain sum.
//   teacher_weight(), student_weight()  the weights, two floats above 0
//   log2_weights()                     log2 of the teacher's weight over the student's
//   kClassSums                         number of sums that add_class() adds to, the first ones of the row sums
//   add_class(sums, class)             adds one class, and returns its slope; p and q may be 0
//   finish(sums)                       turns the added sums into the row sums
//   kMostLog2                          the engine limits |log2(p/q)| to this number
//   kShares                            whether add_class() and slope() use the teacher's share p/(p + q)
// ValueForm::kLogits: D is a sum over logits, without softmax or temperature.
//   add_logits(sums, z, u)             adds one class; a logit may be -inf
//   finish(sums)                       turns the added sums into the row sums
//
// FAST PATH, GRADIENT
// dD/ds of one class is es * coefficient + et * g.teacher with row constants g:
//   row_gradient(sums, student_factor, teacher_factor)  the row constants of factor * dD/ds, where student_factor is
//                                                       factor/Ss and teacher_factor is factor/St
// GradientForm::kLinear: linear in the exponentials; the coefficient is g.student.
// GradientForm::kCentred: q (h - sum q h); the coefficient depends on the class's ratio, and the term et * g.teacher is
// left out.
// GradientForm::kBoth: the sum of both.
//   slope(odds)                        kCentred and kBoth: the class's part of the coefficient; with kClasses, p and q
//                                      are multiplied by their weights, as in add_class()
//   coefficient(slope, g)              the coefficient of es
// GradientForm::kElementwise: a function of z and u.
//   logit_gradient(z, u, factor)       factor * dD/dz of one class
//
// INFINITE D (kInfiniteLimit = true)
//   teacher_lacks_class(sums)          true if D is +inf because the teacher lacks a class that the student has. The
//                                      gradient is its limit then: +inf at such classes, -inf at all others with q > 0.
//
// FAR PATH (kFar = true), for a D that p and q cannot give in f32, because each is 0 where the other is not
//   is_far(sums)                       true if the row takes the far path
//   far_weight(log2_p, log2_q)         log2 of the class's weight in D
//   add_far(sums, log2_p, log2_q, peak)  adds one class, where peak is the largest far_weight of the row, above -inf
//   finish_far(sums, peak)             turns the added sums into the row sums
//   far_gradient(log2_p, log2_q, sums)  dD/ds of one class
//
// SEPARATE LABEL (kSeparateLabel = true; only with kRawSums and kLinear), for a D that compares the label with all
// other classes. The functions above receive the rest of the row: the label's class is left out as if both tensors
// lacked it.
//   finish_label(sums, odds)           turns the row sums of the rest into those of the row (LabelOdds: label.h)
//   label_gradient(sums)               dD/ds of the label's class
//
// ESTIMATE (kEstimates = true; only with kRawSums), for a D that the gradient on the fast path does not need. Engines
// may then choose the path by an estimate, and compute D only where they store it.
//   estimate_raw(raw, Ss, St, 1/St, unit)  D with an error of at most 1e-5 nats, from the arguments of finish_raw
//
// NEAR-EQUAL PATH (element.h), not for kLogits
//   add(sums, element)                 adds one class; p and q may both be 0
//   finish_elements(sums)              turns the added sums into the row sums
//   gradient(element, sums)            dD/ds of one class
//
// REQUIREMENTS on an engine:
//  - The near-equal path subtracts max z from z before it multiplies by 1/T, or by log2(e)/T. The difference of two
//    products, each rounded, would have an error that log_ratio() does not have.
//  - If Ss or St is 0 or not finite, value and gradient are NaN. The engine sets them; the policy need not.
//  - If student and teacher are equal, D and gradient are exactly 0. For this, the same operations compute the
//    exponentials of both tensors on the near-equal path.
#pragma once

#include "../inline.h"

namespace temper {

enum class ValueForm { kRawSums, kClasses, kLogits };
enum class GradientForm { kLinear, kCentred, kBoth, kElementwise };

TEMPER_INLINE constexpr bool is_centred(GradientForm form) {
  return form == GradientForm::kCentred || form == GradientForm::kBoth;
}
TEMPER_INLINE constexpr bool is_linear(GradientForm form) {
  return form == GradientForm::kLinear || form == GradientForm::kBoth;
}

// The value on the fast path has an error of about 3e-7 nats (f32 sums, one logarithm). Below this D, that would be a
// relative error above 1e-5.
constexpr float kNearlyEqual = 0.03125f;

constexpr float kLn2 = 0.693147181f, kLog2E = 1.44269504f;

// The numbers that a divergence may depend on.
struct DivergenceParameters {
  float parameter;   // beta, lambda or the skew
  float complement;  // 1 - parameter, rounded from f64: near 1, the rounding of the parameter spoils 1 - parameter
  float classes;     // number of classes without padding
};

// Row constants of the gradient on the fast path.
template <class V> struct RowGradient {
  V student, slope, teacher;
};

// One class in the sums of a policy with kClasses.
template <class V> struct WeightedClass {
  V p, q;
  V larger;  // of p and q
  V log2;    // log2(p/q), limited to finite values; its value is arbitrary if neither tensor has the class
  V lesser;  // the smaller of p and q over the larger: 2^-|log2|
  V share;   // p/(p + q), accurate relative to itself; only with kShares
};

// The quotient p/q of one class in the gradient. Engines compute the fields that the policy uses.
template <class V> struct Odds {
  V log2;           // as in WeightedClass
  V factor, power;  // p/q = factor * power, which is finite: an overflow is limited to 2^126 or more
  V share;          // as in WeightedClass
};

}  // namespace temper

#include "element.h"
#include "label.h"
