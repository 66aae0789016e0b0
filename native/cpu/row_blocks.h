// What happens to one block of a row: exponentials and sums, exponentials alone, gradient. Templates over what the loss needs, so that
// the loops hold no branch; floats in, floats out, whole vectors.
#pragma once

#include "paired.h"

#include "../../kernels/divergence/all.h"

namespace temper {
namespace {

// Where exp((z - max)) at T = 1, for the cross-entropy, comes from. For T = 2 and 4 a power of exp((z - max)/T) saves one exponential
// of three (14 to 23 % of the time).
enum class Hard { kNone, kSame, kSquare, kFourth, kSeparate };

// Exponents of one row: exp((z - max)/T) = 2^((z - max) c). c stays finite and above 0, so that 0 c is 0 and a logit of -inf gives 0;
// no T beyond these bounds differs from them in a result.
struct Exponents {
  V c, lowest;
  explicit Exponents(double temperature) {
    double factor = 1.4426950408889634 / temperature;
    factor = factor < 1e-30 ? 1e-30 : factor > 1e30 ? 1e30 : factor;
    c = splat((float)factor);
    lowest = splat((float)(kLowest / factor));
  }
  TEMPER_INLINE V operator()(V shifted) const { return exp2_scaled(shifted, c, lowest); }
};

template <class Policy> struct RowSums {
  V student = {}, teacher = {}, hard = {};
  V raw[Policy::kRawSums + 1] = {};
  I differ = {};   // not 0 if any student logit differs from the teacher's, in its bits (one instruction where there is a ternary one)
};

// A lane adds at most 64 exponentials in a row: equal ones round alike, and with 4 lanes 256 of them were off by 46 u.
constexpr int kChain = 64 * kLanes < kBlock ? 64 * kLanes : kBlock;

struct BlockExponentials {
  float* student;
  float* teacher;
  float* hard;
  float* log_ratio;
};

template <Hard hard> TEMPER_INLINE V hard_exp(V student_exp, const float* separate) {
  V square = student_exp * student_exp;
  if constexpr (hard == Hard::kSquare) return square;
  if constexpr (hard == Hard::kFourth) return square * square;
  if constexpr (hard == Hard::kSeparate) return load(separate);
  return student_exp;
}

// The logits that are read next. Fetched while the exponentials of these are computed, they are there when their maxima are taken,
// a sweep that has too little to do to hide a read from memory; the processor's own prefetching ends with each page of 4 KiB.
struct Fetched {
  const char* at;
  int64_t bytes;   // of one element
};
struct Upcoming {
  Fetched student, teacher, gradient;

  TEMPER_INLINE void fetch(int column) const {
    __builtin_prefetch(student.at + column * student.bytes);
    __builtin_prefetch(teacher.at + column * teacher.bytes);
    __builtin_prefetch(gradient.at + column * gradient.bytes, 1);
  }
};

template <class Policy, bool soft, Hard hard, bool keep>
void sum_block(const Policy& policy, const Exponents& tempered, const Exponents& plain, const float* z, const float* u, int n,
               float student_shift, float teacher_shift, RowSums<Policy>& row, const BlockExponentials& out, Upcoming upcoming) {
  RowSums<Policy> sums;
  for (int i = 0; i < n; i += kLanes) {
    upcoming.fetch(i);
    V zi = load(z + i), s = zi - student_shift, es = tempered(s);
    sums.student += es;
    if constexpr (keep) store(es, out.student + i);
    if constexpr (soft) {
      V ui = load(u + i), t = ui - teacher_shift, et = tempered(t);
      sums.teacher += et;
      if constexpr (keep) store(et, out.teacher + i);
      sums.differ |= (I)zi ^ (I)ui;
      if constexpr (Policy::kRawSums > 0) policy.add_raw(sums.raw, s, t, es, et);
      else store(t - s, out.log_ratio + i);
    }
    if constexpr (hard == Hard::kSquare) sums.hard = fma(es, es, sums.hard);
    if constexpr (hard == Hard::kFourth) sums.hard = fma(es * es, es * es, sums.hard);
    if constexpr (hard == Hard::kSeparate) {
      V e1 = plain(s);
      sums.hard += e1;
      if constexpr (keep) store(e1, out.hard + i);
    }
  }
  row.student += sums.student;
  row.teacher += sums.teacher;
  row.hard += sums.hard;
  row.differ |= sums.differ;
  for (int k = 0; k < Policy::kRawSums; k++) row.raw[k] += sums.raw[k];
}

// log2(p/q) from the difference t - s of two shifted logits; finite where one of them is -inf, and where both are.
TEMPER_INLINE V log2_ratio(V difference, V c, V log_ratio) {
  return max(min(fma(difference, c, log_ratio), splat(kFarApart)), splat(-kFarApart));
}
TEMPER_INLINE Ratio<V> ratio_of(V log2_ratio) { return {log2_ratio, exp2_scaled(-abs(log2_ratio), splat(1.0f), splat(kLowest))}; }

// The sums of a policy that asks for p and q, over differences of shifted logits; the classes' slopes take the place of these.
template <class Policy>
void add_ratios(const Policy& policy, V c, const BlockExponentials& block, int n, const InverseSums<V>& inverse_sums, V* row) {
  V sums[Policy::kSums] = {};
  for (int i = 0; i < n; i += kLanes) {
    Ratio<V> ratio = ratio_of(log2_ratio(load(block.log_ratio + i), c, inverse_sums.log_ratio));
    Slopes<V> slopes = policy.slopes(ratio);
    policy.add_class(sums, load(block.teacher + i) * inverse_sums.teacher, load(block.student + i) * inverse_sums.student, slopes);
    store(slopes.student, block.log_ratio + i);
  }
  for (int k = 0; k < Policy::kSums; k++) row[k] += sums[k];
}

// Exponentials at the row's final maxima. Returns the sum of excess on the accurate route.
template <class Policy, bool soft, Hard hard, bool accurate>
V fill_block(const Policy& policy, const Exponents& tempered, const Exponents& plain, const float* z, const float* u, int n,
             float student_max, float teacher_max, const RowShift<V>& shift, const InverseSums<V>& inverse_sums, const BlockExponentials& out) {
  V excess_sum = {};
  for (int i = 0; i < n; i += kLanes) {
    V zi = load(z + i), s = zi - student_max, es = tempered(s);
    store(es, out.student + i);
    if constexpr (hard == Hard::kSeparate) store(plain(s), out.hard + i);
    if constexpr (soft) {
      V ui = load(u + i), t = ui - teacher_max, et = tempered(t);
      store(et, out.teacher + i);
      if constexpr (accurate) {
        V d0 = log_ratio(zi, ui, shift);
        store(d0, out.log_ratio + i);
        excess_sum += excess(d0, es, et);
      } else if constexpr (Policy::kCentred) {
        store(policy.slope(ratio_of(log2_ratio(t - s, tempered.c, inverse_sums.log_ratio))), out.log_ratio + i);
      }
    }
  }
  return excess_sum;
}

template <bool accurate> TEMPER_INLINE Element<V> element_at(const BlockExponentials& in, int i, const InverseSums<V>& n) {
  V es = load(in.student + i), et = load(in.teacher + i);
  if constexpr (accurate) return element(load(in.log_ratio + i), es, et, n);
  return fast_element(es, et, n);
}

template <class Policy>
void add_block(const Policy& policy, const BlockExponentials& in, int n, const InverseSums<V>& inverse_sums, V* row) {
  V sums[Policy::kSums] = {};
  for (int i = 0; i < n; i += kLanes) policy.add(sums, element_at<true>(in, i, inverse_sums));
  for (int k = 0; k < Policy::kSums; k++) row[k] += sums[k];
}

struct GradientScale {
  float soft;    // multiplies dD/ds
  float hard;    // multiplies softmax(z) - onehot
};

// `hard_inverse` = 1 / sum of the exponentials at T = 1, at this block's shift.
template <class Policy, bool soft, Hard hard, bool accurate>
void gradient_block(const Policy& policy, const BlockExponentials& in, int n, const InverseSums<V>& inverse_sums, const V* sums,
                           float hard_inverse, GradientScale scale, float* out) {
  V soft_scale = splat(scale.soft), hard_scale = splat(scale.hard * hard_inverse);
  constexpr bool centred = soft && !accurate && Policy::kCentred;
  Centring<V> centring = {};
  if constexpr (centred) centring = policy.centring(soft_scale * inverse_sums.student, sums);
  for (int i = 0; i < n; i += kLanes) {
    V g = {};
    if constexpr (centred) g = load(in.student + i) * fma(load(in.log_ratio + i), centring.factor, -centring.mean);
    else if constexpr (soft) g = soft_scale * policy.gradient(element_at<accurate>(in, i, inverse_sums), sums);
    if constexpr (hard != Hard::kNone) g = fma(hard_exp<hard>(load(in.student + i), in.hard + i), hard_scale, g);
    store(g, out + i);
  }
}

}  // namespace
}  // namespace temper
