// The state of one row of any length, with classes across the lanes. In formulas z are student logits, u teacher
// logits, Ss and St their sums of exponentials.
#pragma once

#include "row_label.h"
#include "row_logits.h"

namespace temper {
namespace {

// kInfinite: the teacher lacks a class that the student has, and D is +inf.
enum class RowPath { kFast, kNearEqual, kInfinite, kFar };

template <class Policy, bool soft> struct Row : RowLogits {
  typedef RawSumsOf<Policy, soft> Raw;
  static constexpr bool kRaw = soft && Raw::kRawSums > 0;
  static constexpr bool kClasses = soft && Policy::kValue == ValueForm::kClasses;
  static constexpr bool kLogits = soft && Policy::kValue == ValueForm::kLogits;
  static constexpr bool kElementwise = soft && Policy::kGradient == GradientForm::kElementwise;
  static constexpr bool kSoftExp = soft && !(kLogits && kElementwise);  // the soft part has exponentials
  static constexpr bool kSeparateLabel = soft && Policy::kSeparateLabel;  // all sums leave out the label's class

  const Scratch& scratch;
  const Policy& policy;
  RowTask task;
  HardExp hard;
  const RowScales& scales;
  const Standardisation* standardisation = nullptr;  // that of the student; null: the logits are not standardised

  bool is_flat = false;  // the logits are standardised and equal in one tensor, so that the soft part is 0

  // Results of evaluate().
  float student_max = -kInfinity, teacher_max = -kInfinity;
  InverseSums<V> inverse_sums = {};
  V sums[Policy::kSums] = {};  // the policy's sums over the row, equal in all lanes
  V log_sum_ratio = {};        // near-equal path: log(Ss/St), without the correction in inverse_sums.log_ratio
  float hard_inverse_sum = 0, log_sum_exp = 0, present_classes = 0;
  // For a policy with kSeparateLabel: softmax(z) of the label, and whether a tensor has any other class.
  float label_probability = 0;
  bool student_has_rest = true, teacher_has_rest = true;
  RowPath path = RowPath::kFast;
  // Whether the raw sums are finite. If they are, logits of -inf whose log ratios matter are only in the last vectors
  // of a sub-block, and log_ratio_block() uses shorter code for the others.
  bool has_finite_raw_sums = false;
  float divergence = 0, cross_entropy = 0, label_log_prob = 0, student_entropy = 0, teacher_entropy = 0;

  // Initialises a few fields only. An aggregate without a constructor would be cleared as a whole, which takes longer.
  Row(const RowLogits& logits, const Scratch& scratch, const Policy& policy, const RowTask& task, HardExp hard,
      const RowScales& scales)
      : RowLogits(logits), scratch(scratch), policy(policy), task(task), hard(hard), scales(scales) {}

  // Whether both tensors have a softmax.
  bool is_valid() const {
    float inverse = first_lane(inverse_sums.student);
    return inverse == inverse;
  }

  TEMPER_INLINE BlockExponentials exponentials(int from) const {
    return {scratch.student_exp + from, scratch.teacher_exp + from, scratch.hard_exp + from, scratch.log_ratio + from};
  }

  TEMPER_INLINE const Raw& raw_policy() const {
    static constexpr NoRawSums kNone = {};
    if constexpr (kRaw) return policy;
    else return kNone;
  }

  TEMPER_INLINE RowShift<V> one_scale_shift() const {
    return row_shift(splat(student_max), splat(teacher_max), scales.unit);
  }
  TEMPER_INLINE bool two_scales() const { return scales.teacher_unit[0] != 1.0f; }

  // Load a block for the sums over the row. With kSeparateLabel the label's class is absent in it.
  template <bool find_max = false> TEMPER_INLINE LogitBlock summed_student(int from, int n, float* buffer) const {
    LogitBlock z = student_block<find_max>(from, n, buffer);
    if constexpr (kSeparateLabel) z = without_class<find_max>((int)task.label - from, z, n, buffer);
    return z;
  }
  template <bool find_max = false>
  TEMPER_INLINE LogitBlock summed_teacher_or(const LogitBlock& student, int from, int n, float* buffer) const {
    LogitBlock u = teacher_or<find_max>(student, from, n, buffer);
    if constexpr (kSeparateLabel) u = without_class<find_max>((int)task.label - from, u, n, buffer);
    return u;
  }

  FarExponents far_exponents() const {
    return {splat(student_max), splat(teacher_max), scales.student.c, scales.teacher.c, inverse_sums};
  }

  void find_moments(Standardisation& student, Standardisation& teacher) const {
    for_row([&](const float* z, const float* u, int, int n) {
      student.add(z, n);
      teacher.add(u, n);
    });
    student.finish_mean();
    teacher.finish_mean();
    for_row([&](const float* z, const float* u, int, int n) {
      student.add_squares(z, n);
      teacher.add_squares(u, n);
    });
  }

  // The inverse of a sum-exp. It is 0 for a sum of 0, because an infinite factor times an exponential of 0 would be
  // NaN.
  static float inverse_of(float sum) { return kSeparateLabel && sum == 0 ? 0 : 1.0f / sum; }

  // Defined in row_values.h. With `gradient_follows` evaluate() keeps the exponentials for RowGradientWriter.
  void evaluate(bool gradient_follows);
  void finish_hard(float hard_sum, float log_sum, const PresentClasses& present, bool student_valid, bool valid);
  void finish_label(float student_sum, float teacher_sum);
  void evaluate_far();
  void evaluate_entropies();

  // Defined in row_sums.h.
  template <bool store_exp> RowPartial<Raw> sum_exp(PresentClasses& present);
  template <bool store_exp>
  void add_sub_block(const float* z, const float* u, int n, RowPartial<Raw>& part, int column) const;
  int sub_block_length(int from, int place) const;
  void finish_raw(const RowPartial<Raw>& total, float student_sum, float teacher_sum);
  void finish_any_raw(float student_sum, float teacher_sum);
  void finish_ratios();
  void finish_sums();
  InverseSums<V> inverse_sums_at_block(int block) const;

  // Defined in row_near_equal.h.
  void evaluate_near_equal(float student_sum, float teacher_sum, bool stored);
  void shift_exponentials(int block) const;
  template <bool ratios> void recompute(int from) const;
  void store_log_ratios(int from) const;
  template <class Prepare> float sum_elements(Prepare prepare);
};

}  // namespace
}  // namespace temper
