// The loops over one block of a row: exponentials and their sums, exponentials alone, and the gradient. Template
// parameters select the parts of the loss, so that the loops have no branches. Blocks are floats padded to full
// vectors.
#pragma once

#include "deinterleave.h"
#include "row_inputs.h"

#include "../../kernels/divergence/all.h"

namespace temper {
namespace {

// How exp(z - max), which the hard part (cross-entropy) needs, is obtained from the soft part's exp((z - max)/T). Reuse
// at T = 1, 2 and 4 saves one exponential of three, which is 14 to 23 % of the time at T = 2 and 4.
enum class HardExp {
  kNone,         // the loss has no hard part
  kSame,         // T = 1, or the loss has no soft part
  kSquared,      // T = 2
  kFourthPower,  // T = 4
  kSeparate      // any other T: a second exponential
};

// exp((z - max)/T) = 2^((z - max) c) for one T. The product would be NaN for z = max with infinite c, and for z = -inf
// with c = 0. The limits on c prevent both, and a T beyond them gives the same exponentials as at the limit.
struct Exponential {
  V c, lowest;
  explicit Exponential(double temperature) {
    double factor = 1.4426950408889634 / temperature;
    factor = factor < 1e-30 ? 1e-30 : factor > 1e30 ? 1e30 : factor;
    c = splat((float)factor);
    lowest = splat((float)(kLowest / factor));
  }
  TEMPER_INLINE V operator()(V shifted) const { return exp2_scaled(shifted, c, lowest); }
};

// Sums over a row, one partial sum per lane. `raw` are the policy's sums over unnormalised exponentials.
template <class Policy> struct RowSumExp {
  V student = {}, teacher = {}, hard = {};
  V raw[Policy::kRawSums + 1] = {};
  I differ = {};  // not 0 if the bits of a student logit differ from the teacher's
};

// Blocked summation: elements of a sub-block are summed before the result is added to the row's sum. A lane sums at
// most 64 exponentials, because equal ones round in the same direction. 256 per lane gave an error of 46 rounding units
// (2^-24).
constexpr int kSubBlock = 64 * kLanes < kBlock ? 64 * kLanes : kBlock;

// The part of the scratch arrays that belongs to a block.
struct BlockExponentials {
  float* student;
  float* teacher;
  float* hard;
  float* log_ratio;
};

// Returns exp(z - max) from exp((z - max)/T), or from memory with kSeparate.
template <HardExp hard> TEMPER_INLINE V hard_exp(V student_exp, const float* separate) {
  V square = student_exp * student_exp;
  if constexpr (hard == HardExp::kSquared) return square;
  if constexpr (hard == HardExp::kFourthPower) return square * square;
  if constexpr (hard == HardExp::kSeparate) return load(separate);
  return student_exp;
}

// Prefetches the next block while the exponentials of this block are computed. The next block's first loop finds its
// maximum, which is too little work to hide the latency of memory. Hardware prefetching stops at the end of each 4 KiB
// page.
struct PrefetchStream {
  const char* at;
  int64_t element_bytes;
};
TEMPER_INLINE PrefetchStream stream_at(const void* base, const Shape& shape, int64_t row, int column) {
  return {address(base, shape, row, column), element_bytes(shape.dtype)};
}
struct Prefetch {
  PrefetchStream student, teacher, gradient;

  TEMPER_INLINE void issue(int column) const {
    __builtin_prefetch(student.at + column * student.element_bytes);
    __builtin_prefetch(teacher.at + column * teacher.element_bytes);
    __builtin_prefetch(gradient.at + column * gradient.element_bytes, 1);
  }
};

// Adds the exponentials of n elements to the row's sums; `store_exp` also stores them for later loops. A policy without
// raw sums needs a second loop, for which the differences t - s of shifted logits are stored.
template <class Policy, bool soft, HardExp hard, bool store_exp>
void sum_block(const Policy& policy, const Exponential& tempered, const Exponential& untempered, const float* z,
               const float* u, int n, float student_shift, float teacher_shift, RowSumExp<Policy>& row,
               const BlockExponentials& out, Prefetch prefetch) {
  RowSumExp<Policy> block;
  for (int i = 0; i < n; i += kLanes) {
    prefetch.issue(i);
    V zi = load(z + i), s = zi - student_shift, es = tempered(s);
    block.student += es;
    if constexpr (store_exp) store(es, out.student + i);
    if constexpr (soft) {
      V ui = load(u + i), t = ui - teacher_shift, et = tempered(t);
      block.teacher += et;
      if constexpr (store_exp) store(et, out.teacher + i);
      block.differ |= (I)zi ^ (I)ui;
      if constexpr (Policy::kRawSums > 0) policy.add_raw(block.raw, s, t, es, et);
      else store(t - s, out.log_ratio + i);
    }
    if constexpr (hard == HardExp::kSquared) block.hard = fma(es, es, block.hard);
    if constexpr (hard == HardExp::kFourthPower) block.hard = fma(es * es, es * es, block.hard);
    if constexpr (hard == HardExp::kSeparate) {
      V e1 = untempered(s);
      block.hard += e1;
      if constexpr (store_exp) store(e1, out.hard + i);
    }
  }
  row.student += block.student;
  row.teacher += block.teacher;
  row.hard += block.hard;
  row.differ |= block.differ;
  for (int k = 0; k < Policy::kRawSums; k++) row.raw[k] += block.raw[k];
}

// log2(p/q) from the difference t - s of two shifted logits, limited to +-kFarApart. The limits also replace the
// infinite difference of a class with one logit of -inf, and the NaN of a class with two.
TEMPER_INLINE V log2_ratio(V difference, V c, V log_ratio) {
  return max(min(fma(difference, c, log_ratio), splat(kFarApart)), splat(-kFarApart));
}
TEMPER_INLINE Ratio<V> ratio_of(V log2_ratio) {
  return {log2_ratio, exp2_scaled(-abs(log2_ratio), splat(1.0f), splat(kLowest))};
}

// Adds a block to the sums of a policy that needs p and q. The differences of shifted logits are replaced by the
// student slopes, which the gradient needs.
template <class Policy>
void add_ratios(const Policy& policy, V c, const BlockExponentials& block, int n, const InverseSums<V>& inverse_sums,
                V* row) {
  V sums[Policy::kSums] = {};
  for (int i = 0; i < n; i += kLanes) {
    Ratio<V> ratio = ratio_of(log2_ratio(load(block.log_ratio + i), c, inverse_sums.log_ratio));
    Slopes<V> slopes = policy.slopes(ratio);
    V p = load(block.teacher + i) * inverse_sums.teacher, q = load(block.student + i) * inverse_sums.student;
    policy.add_class(sums, p, q, slopes);
    store(slopes.student, block.log_ratio + i);
  }
  for (int k = 0; k < Policy::kSums; k++) row[k] += sums[k];
}

// Computes the exponentials again, shifted by the row's final maxima. The near-equal path also stores the log ratios of
// unnormalised probabilities and returns the sum of excess(...) of policy.h. The fast path of a centred policy stores
// the slopes.
template <class Policy, bool soft, HardExp hard, bool near_equal>
V recompute_block(const Policy& policy, const Exponential& tempered, const Exponential& untempered, const float* z,
                  const float* u, int n, float student_max, float teacher_max, const RowShift<V>& shift,
                  const InverseSums<V>& inverse_sums, const BlockExponentials& out) {
  V excess_sum = {};
  for (int i = 0; i < n; i += kLanes) {
    V zi = load(z + i), s = zi - student_max, es = tempered(s);
    store(es, out.student + i);
    if constexpr (hard == HardExp::kSeparate) store(untempered(s), out.hard + i);
    if constexpr (soft) {
      V ui = load(u + i), t = ui - teacher_max, et = tempered(t);
      store(et, out.teacher + i);
      if constexpr (near_equal) {
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

template <bool near_equal>
TEMPER_INLINE Element<V> element_at(const BlockExponentials& in, int i, const InverseSums<V>& n) {
  V es = load(in.student + i), et = load(in.teacher + i);
  if constexpr (near_equal) return element(load(in.log_ratio + i), es, et, n);
  return fast_element(es, et, n);
}

// Adds a block to the policy's sums on the near-equal path.
template <class Policy>
void add_block(const Policy& policy, const BlockExponentials& in, int n, const InverseSums<V>& inverse_sums, V* row) {
  V sums[Policy::kSums] = {};
  for (int i = 0; i < n; i += kLanes) policy.add(sums, element_at<true>(in, i, inverse_sums));
  for (int k = 0; k < Policy::kSums; k++) row[k] += sums[k];
}

// Computes the gradient of a block without the one-hot term of the label. `inverse_sums` and `hard_inverse_sum`, which
// is 1 / sum exp(z - shift) over the row, refer to the shift of this block's exponentials.
template <class Policy, bool soft, HardExp hard, bool near_equal>
void gradient_block(const Policy& policy, const BlockExponentials& in, int n, const InverseSums<V>& inverse_sums,
                    const V* sums, float hard_inverse_sum, GradientFactors factors, float* out) {
  V soft_scale = splat(factors.soft), hard_scale = splat(factors.hard * hard_inverse_sum);
  constexpr bool centred = soft && !near_equal && Policy::kCentred;
  Centring<V> centring = {};
  if constexpr (centred) centring = policy.centring(soft_scale * inverse_sums.student, sums);
  for (int i = 0; i < n; i += kLanes) {
    V g = {};
    if constexpr (centred) g = load(in.student + i) * fma(load(in.log_ratio + i), centring.factor, -centring.mean);
    else if constexpr (soft) g = soft_scale * policy.gradient(element_at<near_equal>(in, i, inverse_sums), sums);
    if constexpr (hard != HardExp::kNone) g = fma(hard_exp<hard>(load(in.student + i), in.hard + i), hard_scale, g);
    store(g, out + i);
  }
}

}  // namespace
}  // namespace temper
