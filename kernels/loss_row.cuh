// Values of one row of the distillation loss, computed in sweeps over the row storage. Divergences are used through
// divergence/policy.h only.
//
// A row takes one of three paths:
//   fast          fast exponentials (row/exponentials.cuh)
//   exact shift   exact-shift exponentials, for rows whose logits exceed the range of the fast ones, and for all rows
//                 without on-chip storage, whose maxima are not known before the first sweep
//   near equal    for rows with a small divergence: log p - log q is computed from differences of logits, so that value
//                 and gradient are accurate relative to themselves
#pragma once

#include "row/extrema.cuh"
#include "row/partial.cuh"
#include "row/shared_storage.cuh"
#include "row/storage.cuh"
#include "row_semantics.h"

namespace temper {

template <class Spec> struct LossRow {
  using Policy = typename Spec::Policy;
  using ThreadGroup = typename Spec::ThreadGroup;
  using Row = VectorisedRow<typename Spec::Student, typename Spec::Teacher, Spec::kSoft>;
  using Storage = typename Spec::Storage::template Instance<Row, ThreadGroup>;
  using Partial = RowPartial<Policy, Spec::kSoft, Spec::kHard, Spec::kExpReuse>;
  static constexpr int K = Row::K;
  static constexpr bool kSoft = Spec::kSoft, kHard = Spec::kHard, kOnChip = Spec::Storage::kOnChip;

  const Policy& policy;
  ThreadGroup& group;
  const Row& row;
  Storage& storage;
  float inverse_temperature;
  int label;  // -1: no labels
  float scale = inverse_temperature * kLog2E;

  // Constants of the row, set by evaluate() or restore().
  RowExponents<kSoft, kHard, Spec::kExpReuse> exponents = {};
  InverseSums<float> inverse_sums = {};
  float hard_inverse_sum = 0;
  float policy_sums[Policy::kSums] = {};
  bool fast = false, near_equal = false;
  float divergence = 0, cross_entropy = 0;

  __device__ __forceinline__ void evaluate() {
    float largest[2] = {-infinity(), -infinity()}, negated_smallest[2] = {-infinity(), -infinity()};
    if constexpr (kOnChip) find_extrema<kSoft>(storage, row, group, largest, negated_smallest);
    Partial partial(largest[0], largest[1], scale);
    if constexpr (kOnChip) fast = partial.exponents.fast_suffices(-negated_smallest[0], -negated_smallest[1]);
    float hard_rounding_error = 0;
    if (fast) {
      first_sweep<true>(partial);
      hard_rounding_error = partial.exponents.hard_rounding_error();
    } else {
      first_sweep<false>(partial);
    }
    bool student_valid = is_valid(kSoft ? partial.student_sum : partial.hard_sum);
    bool row_valid = student_valid && (!kSoft || is_valid(partial.teacher_sum));
    exponents = partial.exponents;
    if constexpr (kHard) {
      cross_entropy = student_valid ? (log(partial.hard_sum) - hard_rounding_error) -
                                          (partial.label_logit - exponents.student.shift)
                                    : not_a_number();
      hard_inverse_sum = row_valid ? 1.0f / partial.hard_sum : not_a_number();
    }
    if constexpr (kSoft) {
      inverse_sums = {1.0f / partial.teacher_sum, 1.0f / partial.student_sum, 0.0f};
      if (!row_valid) {
        inverse_sums = {not_a_number(), not_a_number(), 0.0f};
        divergence = not_a_number();
        return;
      }
      if constexpr (Policy::kRawSums > 0) {
        divergence = policy.raw_value(partial.raw, partial.student_sum, partial.teacher_sum, kLn2);
      } else if (fast) {
        evaluate_by_ratios<true>(partial);
      } else {
        evaluate_by_ratios<false>(partial);
      }
      near_equal = divergence < policy.nearly_equal();
      if (near_equal) evaluate_near_equal();
    }
  }

  __device__ __forceinline__ void save(float* statistics) const {
    if (group.thread_rank != 0) return;
    statistics[kStudentShift] = exponents.student.shift;
    statistics[kStudentInverseSum] = kSoft ? inverse_sums.student : hard_inverse_sum;
    statistics[kTeacherShift] = exponents.teacher.shift;
    statistics[kTeacherInverseSum] = inverse_sums.teacher;
    statistics[kHardInverseSum] = hard_inverse_sum;
    statistics[kLogSumRatio] = inverse_sums.log_ratio;
    statistics[kPolicySum] = policy_sums[Policy::kSums - 1];
    statistics[kPath] = near_equal ? kSavedNearEqual : fast ? kSavedFast : kSavedExactShift;
  }

  __device__ __forceinline__ void restore(const float* statistics) {
    exponents = {statistics[kStudentShift], statistics[kTeacherShift], scale};
    inverse_sums = {statistics[kTeacherInverseSum], statistics[kStudentInverseSum], statistics[kLogSumRatio]};
    hard_inverse_sum = statistics[kHardInverseSum];
    policy_sums[Policy::kSums - 1] = statistics[kPolicySum];
    near_equal = statistics[kPath] == kSavedNearEqual;
    fast = statistics[kPath] == kSavedFast;
  }

  // Stores the gradient of the row (loss_gradient.cuh). If `prefetch`, a row on the fast path also issues loads of row
  // `next`; the other paths do not, which saves a second copy of their longer code. Returns the vectors in flight.
  template <class GradientView>
  __device__ __forceinline__ VectorRange store_gradient(const GradientView& view, GradientFactors factors,
                                                        const Row& next, bool prefetch);

 private:
  using Pair = typename Row::Pair;

  enum ExpPath { kFast, kExactShift, kNearEqual };
  static constexpr float kSavedFast = 0, kSavedExactShift = 1, kSavedNearEqual = 2;  // values of kPath

  // With on-chip storage the maxima are known. Without it this sweep also finds them, as in online softmax: each thread
  // rescales its sums when a vector raises one of its maxima, which is rare after the first vectors.
  template <bool FAST> __device__ __forceinline__ void first_sweep(Partial& partial) {
    float maxima[2] = {-infinity(), -infinity()};
    auto find_label = [&](const float (&z)[K], int column) {
      if (unsigned(label - column) < unsigned(K))
#pragma unroll
        for (int k = 0; k < K; k++)
          if (column + k == label) partial.label_logit = z[k];
    };
    // Only the fast path has shorter code for classes that are known to be present.
    VectorRange range = FAST ? row.in_bounds() : VectorRange();
    storage.for_each(row, group, range, [&](const Pair& pair, int vector, bool in_bounds) {
      float z[K], u[K];
      pair.unpack(z, u);
      if constexpr (!kOnChip) {
        float before[2] = {maxima[0], maxima[1]};
#pragma unroll
        for (int k = 0; k < K; k++) {
          maxima[0] = max(maxima[0], z[k]);
          maxima[1] = max(maxima[1], u[k]);
        }
        if (maxima[0] > before[0] || maxima[1] > before[1]) partial.rescale(policy, maxima[0], maxima[1], scale);
      }
#pragma unroll
      for (int k = 0; k < K; k++) partial.template add<FAST>(policy, z[k], u[k], in_bounds);
      if constexpr (kHard && !kOnChip) find_label(z, row.column(vector));
    });
    if constexpr (kOnChip) {
      if (kHard && label >= 0)
        storage.visit(row, group, row.vector_of(label), [&](const Pair& pair) {
          float z[K], u[K];
          pair.unpack(z, u);
          find_label(z, row.column(row.vector_of(label)));
        });
    } else {
      group.template reduce<Max>(maxima);
      partial.rescale(policy, maxima[0], maxima[1], scale);
    }
    partial.merge(group);
  }

  // D of a policy without raw sums. Two exponentials per class give p, q and the smaller of the two over the larger.
  template <bool FAST> __device__ __forceinline__ void evaluate_by_ratios(const Partial& partial) {
    float log2_student_sum = log(partial.student_sum) * kLog2E, log2_teacher_sum = log(partial.teacher_sum) * kLog2E;
    inverse_sums.log_ratio = log2_student_sum - log2_teacher_sum;
    storage.for_each(row, group, [&](const Pair& pair, int, bool) {
      float z[K], u[K];
      pair.unpack(z, u);
#pragma unroll
      for (int k = 0; k < K; k++) {
        float log2_q = exponents.student.template exponent<FAST>(z[k]) - log2_student_sum;
        float log2_p = exponents.teacher.template exponent<FAST>(u[k]) - log2_teacher_sum;
        Ratio<float> ratio = ratio_of<FAST>(log2_p - log2_q);
        float larger = Exponents::power<FAST>(max(log2_p, log2_q)), smaller = larger * ratio.lesser;
        bool teacher_larger = ratio.log2 > 0;
        policy.add_class(policy_sums, teacher_larger ? larger : smaller, teacher_larger ? smaller : larger,
                         policy.slopes(ratio));
      }
    });
    group.template reduce<Sum>(policy_sums);
    policy.finish(policy_sums);
    divergence = policy.value(policy_sums);
  }

  // Limits log2(p/q) to finite values. On the fast path only elements outside the row are -inf; their ratio is NaN, and
  // max() replaces it by the limit.
  template <bool FAST> __device__ __forceinline__ static Ratio<float> ratio_of(float log2_ratio) {
    float finite = max(log2_ratio, -kFarApart);
    if constexpr (!FAST) finite = min(finite, kFarApart);
    return {finite, exp2_normal(-abs(finite))};
  }

  // D of a row with nearly equal distributions. The sums are computed again with exact-shift exponentials, because
  // differences of logits have no exponent rounding error that would cancel that of fast exponentials.
  __device__ __forceinline__ void evaluate_near_equal() {
    RowShift<float> shift = row_shift(exponents.student.shift, exponents.teacher.shift, inverse_temperature);
    float sums[4] = {0, 0, 0, 0};  // excess, student, teacher, cross-entropy
    for_each_exp([&](float z, float u, float es, float et) {
      sums[0] += excess(log_ratio(z, u, shift), es, et);
      sums[1] += es;
      sums[2] += et;
      sums[3] += exponents.template hard_exp<false>(z, es);
    });
    group.template reduce<Sum>(sums);
    if constexpr (kHard) hard_inverse_sum = 1.0f / sums[3];
    inverse_sums = temper::inverse_sums(sums[0], sums[1], sums[2]);
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = 0;
    for_each_exp([&](float z, float u, float es, float et) {
      policy.add(policy_sums, element(log_ratio(z, u, shift), es, et, inverse_sums));
    });
    group.template reduce<Sum>(policy_sums);
    divergence = policy.value(policy_sums);
  }

  // Columns that the near-equal path processes at a time. More of its long code would need too many registers.
  static constexpr int kNearEqualColumns = 4;

  template <class F> __device__ __forceinline__ void for_each_exp(F f) {
    storage.for_each(row, group, [&](const Pair& pair, int, bool) {
      Pair rest = pair;
#pragma unroll 1
      for (int k = 0; k < K; k += kNearEqualColumns) {
        float z[kNearEqualColumns], u[kNearEqualColumns];
        rest.template pop_front<kNearEqualColumns>().unpack(z, u);
#pragma unroll
        for (int i = 0; i < kNearEqualColumns; i++)
          f(z[i], u[i], exponents.student.template exp<false>(z[i]), exponents.teacher.template exp<false>(u[i]));
      }
    });
  }

  template <ExpPath PATH, class GradientView>
  __device__ __forceinline__ void gradient_sweep(const GradientView& view, GradientFactors factors, VectorRange range,
                                                 const Row& next, bool prefetch);
};

}  // namespace temper
