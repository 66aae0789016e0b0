// Values of one row of the distillation loss, computed in sweeps over the row storage. Divergences are used through
// divergence/policy.h only.
//
// A row takes one of four paths:
//   fast          for finite logits of ordinary size; the merged sums show whether the row has them
//   exact shift   for all other rows, which are swept again with exact-shift exponentials (row/exponentials.cuh)
//   near equal    for rows with a small divergence: log p - log q is computed from differences of logits, so that value
//                 and gradient are accurate relative to themselves
//   far           for rows where p is 0 in f32 wherever q is not: value and gradient are computed from log p and log q
#pragma once

#include "row/moments.cuh"
#include "row/partial.cuh"
#include "row/ring_storage.cuh"
#include "row/shared_storage.cuh"
#include "row/softcap.cuh"
#include "row/storage.cuh"
#include "row/thread_group.cuh"
#include "row_inputs.cuh"

namespace temper {

enum class Pass { kForward, kForwardBackward, kBackward };

// The values of a row in nats, before T^2, weights and the reduction over rows.
struct RowValues {
  float soft = 0, hard = 0, label_log_prob = 0, student_entropy = 0, teacher_entropy = 0, temperature_gradient = 0;
};

template <class Spec> struct GradientConstants;
template <class Loss> struct AddVectors;

// Exponentials of COUNT classes of a thread, and the offsets with which they were computed.
template <int COUNT> struct KeptExponentials {
  float student[COUNT], teacher[COUNT], student_offset, teacher_offset;

  __device__ __forceinline__ KeptExponentials() {}
  // For a row that keeps nothing. The values are left unset, which costs no instruction, and are not read.
  __device__ __forceinline__ void set_none() {
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      leave_unset(student[i]);
      leave_unset(teacher[i]);
    }
    leave_unset(student_offset);
    leave_unset(teacher_offset);
  }
};
template <> struct KeptExponentials<0> {};

template <class Spec> struct LossRow {
  using Policy = typename Spec::Policy;
  using ThreadGroup = typename Spec::ThreadGroup;
  using Row = VectorisedRow<typename Spec::Student, typename Spec::Teacher, Spec::kSoft>;
  using Storage = typename Spec::Storage::template Instance<Row, ThreadGroup>;
  using Form = RowForm<Spec>;
  using Partial = RowPartial<Spec>;
  using Sums = RowSums<Spec>;
  using Pair = typename Row::Pair;
  static constexpr int K = Row::K;
  static constexpr bool kSoft = Spec::kSoft, kHard = Spec::kHard;
  static constexpr bool kLabelApart = Form::kLabelApart;
  static constexpr bool kLogits = Form::kLogits, kClasses = kSoft && !kLogits && !Form::kRaw;
  static constexpr bool kLinear = is_linear(Policy::kGradient), kCentred = is_centred(Policy::kGradient);
  // The maxima of the row are found before the sums, so that no sum is rescaled. With a second sweep over the classes
  // the assembler would need twice as many registers for that. Without the label's class the maxima are other ones.
  static constexpr bool kMaximaFirst =
      Spec::Storage::kInRegisters && !ThreadGroup::kSeveralWarps && !kClasses && !kLabelApart;
  // The exponentials of some vectors are kept in registers from the sums to the gradient. That is possible where the
  // gradient is linear in them and needs no other value of a class, and where a vector of the teacher takes no more
  // registers than one of the student. A backward pass keeps the same vectors, so that it gives the same bits. If the
  // maxima are found first, it need not: the exponentials are at the offsets of the row.
  static constexpr bool kHasKeptPass =
      Spec::kPass == Pass::kForwardBackward || (Spec::kPass == Pass::kBackward && !kMaximaFirst);
  static constexpr bool kKeeps = Spec::Storage::kKept > 0 && kHasKeptPass &&
                                 kMaximaFirst == Spec::Storage::kInRegisters && Form::kRaw && kLinear && !kCentred &&
                                 !kLabelApart && !Form::Exps::kSeparateHard && !Spec::kSmoothing &&
                                 !Spec::kStandardise && !Spec::kStudentSoftcap && !Spec::kAccumulate &&
                                 Pair::Teacher::kBytes <= Pair::Student::kBytes;
  // Vectors of a thread that are kept. Beside a row in registers there is room for 16 classes.
  static constexpr int kKept =
      kKeeps ? Spec::Storage::kInRegisters ? min(Spec::Storage::kKept, 16 / K) : Spec::Storage::kKept : 0;

  const LossParameters& p;
  const Policy& policy;
  ThreadGroup& group;
  const Row& row;
  Storage& storage;
  int label;  // -1: the row has none
  float temperature;
  bool valid;  // false: this thread has loaded an invalid input of the row, which was changed after the check
  float inverse_temperature = rounded_reciprocal(temperature);
  float teacher_inverse_temperature = Spec::kTwoScales ? 1.0f / p.teacher_temperature : inverse_temperature;
  RowScales scales = {inverse_temperature * kLog2E, teacher_inverse_temperature * kLog2E};
  Moments moments = {};  // of the student, if logits are standardised
  bool is_flat = false;  // a deviation is 0: the soft part is 0

  // Where the gradient does not need D, only the first warp computes it. All warps choose the path by an estimate of D.
  static constexpr bool kEstimates = kSoft && Policy::kEstimates && !kLabelApart && ThreadGroup::kSeveralWarps;

  // Constants of the row, set by evaluate() or restore().
  enum Path { kFast, kExactShift, kNearEqual, kFar };  // also the values of kPath in the row statistics
  Path path = kExactShift;
  float student_max = 0, teacher_max = 0;
  typename Form::Exps exponents = {};
  InverseSums<float> inverse_sums = {};
  // The label's logits. Before a merge they are set in the owner of the label's vector only. A merge copies the
  // student's to the first thread, or with kLabelApart both to all threads.
  float label_logit = 0, label_teacher_logit = 0;
  float label_from_shift = 0, label_probability = 0;  // with kLabelApart: z - shift and softmax(z) of the label
  float hard_inverse_sum = 0, log_sum_exp = 0, present = 0;
  float policy_sums[Policy::kSums] = {};
  RowValues values;
  KeptExponentials<kKept * K> kept;

  // Sets the scales of standardised logits, before evaluate() or restore() (loss_standardised.cuh).
  __device__ __forceinline__ void standardise();

  // Computes the values on the fast path. Returns whether the row stays on that path; otherwise evaluate_again() must
  // follow. They are two functions, because a row in registers need not be kept there during the second one.
  __device__ __forceinline__ bool evaluate() {
    Partial partial = empty_partial();
    sweep_sums<true>(partial);
    // The threads of a group could disagree whether the row is valid, if one of them has loaded a label or a weight
    // before another stream changed it. The sums of this thread become NaN, and with them the merged sums in all
    // threads.
    if (!valid) partial.invalidate();
    merge(partial);
    student_max = partial.student_max;
    teacher_max = partial.teacher_max;
    if (!partial.is_ordinary(row.classes)) return false;
    finish<true>(partial);
    if (!has_finite_sums()) return false;
    if constexpr (kSoft && Policy::kFar)
      if (policy.is_far(policy_sums)) return false;
    path = kFast;
    if constexpr (kSoft && !kLogits)
      if (estimate(partial.sums) < policy.nearly_equal()) {
        path = kNearEqual;
        return false;
      }
    if constexpr (kLabelApart) finish_label(label_logit, label_teacher_logit);
    finish_values();
    return true;
  }

  // Computes the values of a row that left the fast path.
  __device__ __forceinline__ void evaluate_again() {
    bool is_near = path == kNearEqual;
    if (!is_near) {
      Partial exact(policy, {student_max, teacher_max, scales}, student_max, teacher_max);
      sweep_sums<false>(exact);
      if (!valid) exact.invalidate();
      merge(exact);
      finish<false>(exact);
      if constexpr (kSoft && !kLogits) is_near = values.soft < policy.nearly_equal();
    }
    if constexpr (kSoft && !kLogits)
      if (is_near) evaluate_near_equal();
    if constexpr (kLabelApart) finish_label(label_logit, label_teacher_logit);
    if constexpr (kSoft && Policy::kFar)
      if (values.soft == values.soft && policy.is_far(policy_sums)) evaluate_far();
    finish_values();
  }

  __device__ __forceinline__ void save(float* statistics) const {
    if (group.thread_rank != 0) return;
    statistics[kStudentShift] = exponents.any_student().shift;
    statistics[kStudentInverseSum] = kSoft ? inverse_sums.student : hard_inverse_sum;
    statistics[kTeacherShift] = exponents.teacher.shift;
    statistics[kTeacherInverseSum] = inverse_sums.teacher;
    statistics[kHardInverseSum] = hard_inverse_sum;
    statistics[kLogSumRatio] = inverse_sums.log_ratio;
    statistics[kLogSumExp] = log_sum_exp;
    statistics[kPresentClasses] = present;
    if constexpr (kLabelApart) statistics[kLabelProbability] = label_probability;
    statistics[kPath] = path;
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) statistics[kPolicySums + i] = policy_sums[i];
  }

  __device__ __forceinline__ void restore(const float* statistics) {
    exponents = {statistics[kStudentShift], statistics[kTeacherShift], scales};
    inverse_sums = {statistics[kTeacherInverseSum], statistics[kStudentInverseSum], statistics[kLogSumRatio]};
    hard_inverse_sum = statistics[kHardInverseSum];
    log_sum_exp = statistics[kLogSumExp];
    present = statistics[kPresentClasses];
    if constexpr (kLabelApart) label_probability = statistics[kLabelProbability];
    path = Path(int(statistics[kPath]));
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = statistics[kPolicySums + i];
  }

  // Stores the gradient of a row on the fast path (loss_gradient.cuh). If `prefetch`, it also issues the loads of row
  // `next`, and returns the vectors in flight. The other paths have no prefetch, which would double their longer code.
  template <class GradientView>
  __device__ __forceinline__ VectorRange store_gradient(const GradientView& view, GradientFactors factors,
                                                        const Row& next, bool prefetch);

  // Stores the gradient of a row on any other path.
  template <class GradientView>
  __device__ __forceinline__ void store_gradient_again(const GradientView& view, GradientFactors factors);

  // Calls f(z, u, column) for all classes, and for the elements outside the row as absent classes. LONG: the code of f
  // is long, so that for_each_again() of the storage is used.
  template <bool LONG, class F> __device__ __forceinline__ void for_each_column(F f) {
    auto each = [&](const Pair& pair, int vector) {
      float z[K], u[K];
      unpack(pair, z, u);
#pragma unroll
      for (int k = 0; k < K; k++) f(z[k], u[k], row.column(vector) + k);
    };
    if constexpr (LONG)
      storage.for_each_again(row, group, each);
    else
      storage.for_each(row, group, each);
  }

  // Calls f(z, u) for the same elements.
  template <bool LONG, class F> __device__ __forceinline__ void for_each_logit(F f) {
    for_each_column<LONG>([&](float z, float u, int) { f(z, u); });
  }

  // Turns a quotient of exponentials into p/q. For a policy that receives p and q multiplied by weights, the factor
  // includes them.
  __device__ __forceinline__ float odds_factor(float student_sum) const {
    float factor = student_sum * inverse_sums.teacher;
    if constexpr (kClasses) factor *= policy.teacher_weight() * reciprocal(policy.student_weight());
    return factor;
  }

  // Defined in loss_values.cuh.
  template <bool FAST, int N>
  __device__ __forceinline__ void add_vectors(Partial& partial, const Pair (&pairs)[N], int vector, bool in_bounds);

 private:
  friend struct AddVectors<LossRow>;

  // A partial of no classes for the fast path.
  __device__ __forceinline__ Partial empty_partial() const {
    if constexpr (kMaximaFirst) {
      uint32_t student, teacher;
      storage.find_high_words(student, teacher);
      float maxima[2] = {largest_student(student), kSoft ? largest_teacher(teacher) : 0.0f};
      group.template reduce_maxima<kSoft>(maxima);
      return Partial(policy, {maxima[0], maxima[1], scales}, maxima[0], maxima[1]);
    } else {
      return Partial(policy, scales);
    }
  }

  __device__ __forceinline__ void merge(Partial& partial) {
    if constexpr (kMaximaFirst)
      group.add(partial, label_owner(), label_logit);
    else
      group.merge(partial, label_owner(), label_logit);
    if constexpr (kLabelApart) {
      label_logit = partial.sums.label_logit;
      label_teacher_logit = partial.sums.label_teacher_logit;
    }
  }

  // The owner of the label's vector, or -1: the row has no label, the merge need not copy its logit, or (in a ring) the
  // owner is another thread.
  __device__ __forceinline__ int label_owner() const {
    return !kHard || kLabelApart || label < 0 ? -1 : storage.owner(row, group, row.vector_of(label));
  }

  __device__ __forceinline__ float estimate(const Sums& sums) const {
    if constexpr (kEstimates)
      return policy.estimate_raw(sums.policy, sums.student, sums.teacher, inverse_sums.teacher, kLn2);
    return values.soft;
  }

  __device__ __forceinline__ bool has_finite_sums() const {
    float zero = 0;
    if constexpr (kSoft && !kEstimates)
#pragma unroll
      for (int i = 0; i < Policy::kSums; i++) zero += policy_sums[i] - policy_sums[i];
    return zero == 0;
  }

  // Completes the values in the way that is common to all paths.
  __device__ __forceinline__ void finish_values() {
    if constexpr (Spec::kEntropies && !Form::kSoftmax) evaluate_entropies(student_max, teacher_max);
    if (Spec::kEntropies && p.soft_cross_entropy != 0) values.soft += values.teacher_entropy;
    if constexpr (Spec::kTemperatureGradient) evaluate_temperature_gradient();
    if (is_flat && values.soft == values.soft) values.soft = 0;
  }

  template <class Columns, int N>
  __device__ __forceinline__ void unpack(const Columns& pair, float (&z)[N], float (&u)[N]) const {
    pair.unpack(z, u);
#pragma unroll
    for (int k = 0; k < N; k++) {
      if constexpr (Spec::kStudentSoftcap) z[k] = softcapped(z[k], p.student_softcap);
      if constexpr (Spec::kTeacherSoftcap) u[k] = softcapped(u[k], p.teacher_softcap);
    }
  }

  __device__ __forceinline__ int label_vector() const { return label < 0 ? -1 : row.vector_of(label); }

  // The vector as it enters the sums. If the policy leaves out the label's class, its logits are replaced by -inf.
  __device__ __forceinline__ Pair summed(const Pair& pair, int vector) const {
    if constexpr (!kLabelApart) return pair;
    Pair rest = pair;
    if (vector == label_vector())
#pragma unroll
      for (int k = 0; k < K; k++)
        if (row.column(vector) + k == label) {
          rest.student.set_bits(k, Row::kStudentFill);
          rest.teacher.set_bits(k, Row::kTeacherFill);
        }
    return rest;
  }

  // The largest logit of a word. A softcap is monotonic, so that it is applied to the maximum only.
  __device__ __forceinline__ float largest_student(uint32_t word) const {
    float z = Pair::Student::largest_of(word);
    return Spec::kStudentSoftcap ? softcapped(z, p.student_softcap) : z;
  }
  __device__ __forceinline__ float largest_teacher(uint32_t word) const {
    float u = Pair::Teacher::largest_of(word);
    return Spec::kTeacherSoftcap ? softcapped(u, p.teacher_softcap) : u;
  }

  // Passes the largest logits of some vectors to the partial.
  template <int N> __device__ __forceinline__ void note_maxima(Partial& partial, const Pair (&pairs)[N]) const {
    auto student = pairs[0].student.high_word();
    float u = 0;
    if constexpr (kSoft) {
      auto teacher = pairs[0].teacher.high_word();
#pragma unroll
      for (int i = 1; i < N; i++) teacher = pairs[i].teacher.high_word(teacher);
      u = largest_teacher(teacher);
    }
#pragma unroll
    for (int i = 1; i < N; i++) student = pairs[i].student.high_word(student);
    partial.note_maxima(largest_student(student), u);
  }

  // Finds whether each tensor has a softmax. The sums of the row need not be ordinary.
  __device__ __forceinline__ void find_validity(const Partial& partial, bool& student_valid,
                                                bool& teacher_valid) const {
    const Sums& sums = partial.sums;
    if constexpr (Form::kSoftmax)
      student_valid = is_valid(sums.student);
    else if constexpr (kHard)
      student_valid = is_valid(sums.hard_exps());
    if constexpr (Form::kSoftmax) teacher_valid = is_valid(sums.teacher);
    if constexpr (kLogits) {
      student_valid = student_valid && abs(partial.student_max) <= kLargest;
      teacher_valid = abs(partial.teacher_max) <= kLargest && sums.policy[0] == sums.policy[0];
    }
    if constexpr (kLabelApart) {  // a tensor may have no class but the label
      student_valid = is_valid_with(sums.student, sums.label_logit);
      teacher_valid = is_valid_with(sums.teacher, sums.label_teacher_logit);
    }
  }

  // Computes values and constants of the row from the merged sums of all classes.
  template <bool FAST> __device__ __forceinline__ void finish(const Partial& partial) {
    const Sums& sums = partial.sums;
    exponents = partial.exponents;
    present = sums.present;
    bool student_valid = true, teacher_valid = true;  // always true on the fast path, where all sums are ordinary
    if constexpr (!FAST) find_validity(partial, student_valid, teacher_valid);
    bool row_valid = student_valid && teacher_valid;
    if constexpr (kHard) finish_hard<FAST>(sums, student_valid, row_valid);
    if constexpr (kSoft) {
      inverse_sums = {not_a_number(), not_a_number(), 0.0f};
      values.soft = policy_sums[0] = not_a_number();
      if constexpr (Form::kEntropySums) {
        values.student_entropy = values.teacher_entropy = not_a_number();
        if (student_valid)
          values.student_entropy = entropy<FAST>(exponents.student, sums.student, sums.student_exponents,
                                                 sums.label_logit);
        if (teacher_valid)
          values.teacher_entropy = entropy<FAST>(exponents.teacher, sums.teacher, sums.teacher_exponents,
                                                 sums.label_teacher_logit);
      }
      if (!row_valid) return;
      finish_soft<FAST>(sums);
      values.soft = policy_sums[0];
    }
  }

  // Defined in loss_values.cuh.
  template <bool FAST> __device__ __forceinline__ void sweep_sums(Partial& partial);
  __device__ __forceinline__ void find_label(Partial& partial, const Pair& pair, int column);
  __device__ __forceinline__ void visit_label(Partial& partial);
  template <bool FAST>
  __device__ __forceinline__ void finish_hard(const Sums& sums, bool student_valid, bool row_valid);
  template <bool FAST> __device__ __forceinline__ void finish_soft(const Sums& sums);
  template <bool FAST> __device__ __forceinline__ void sweep_classes();
  __device__ __forceinline__ void evaluate_near_equal();
  __device__ __forceinline__ void evaluate_far();

  // Defined in loss_label.cuh.
  template <bool FAST> __device__ __forceinline__ void finish_hard_with_label(const Sums& sums, bool row_valid);
  __device__ __forceinline__ void finish_label(float label_logit, float label_teacher_logit);

  // Defined in loss_outputs.cuh.
  template <bool FAST>
  __device__ __forceinline__ static float entropy(const Exponents& tensor, float sum, float exponent_sum,
                                                  float label_logit);
  __device__ __forceinline__ void evaluate_entropies(float student_max, float teacher_max);
  __device__ __forceinline__ void evaluate_temperature_gradient();

  // Whether a tensor has a softmax, from the sum of its exponentials without the label and from the label's logit.
  __device__ __forceinline__ static bool is_valid_with(float sum, float label_logit) {
    return sum >= 0 && sum <= kLargest && label_logit <= kLargest && (sum > 0 || label_logit > -infinity());
  }

  // The inverse of a sum-exp. Without the label's class all other exponentials may be 0, and an infinite factor would
  // make their products NaN. The inverse of such a sum is therefore 0.
  template <bool FAST> __device__ __forceinline__ static float inverse_of(float sum) {
    if constexpr (FAST) return reciprocal(sum);  // a normal number
    return kLabelApart && sum == 0 ? 0.0f : 1.0f / sum;
  }

  // Limits log2(p/q) to finite values. If neither tensor has the class, the ratio is NaN, and max() replaces it by the
  // lower limit. The fast path needs no upper limit: a class that only the teacher has either makes its sums NaN, which
  // leads to another path, or adds nothing to them.
  template <bool UPPER> __device__ __forceinline__ static float limited(float log2_ratio) {
    float finite = max(log2_ratio, -Policy::kMostLog2);
    if constexpr (UPPER) finite = min(finite, Policy::kMostLog2);
    return finite;
  }

  __device__ __forceinline__ auto shift_of_row() const {
    float student = exponents.student.shift, teacher = exponents.teacher.shift;
    if constexpr (Spec::kTwoScales || Spec::kStandardise) {
      // An inverse temperature has a rest, so that tensors with temperatures of their own are compared exactly. The
      // inverse of a rounded standard deviation needs none: where student and teacher are equal, their deviations are
      // equal too.
      float rest = Spec::kStandardise ? 0.0f : rest_of_inverse(temperature, inverse_temperature);
      float teacher_rest =
          Spec::kStandardise ? 0.0f : rest_of_inverse(p.teacher_temperature, teacher_inverse_temperature);
      return TwoScaleShift<float>{student, teacher, inverse_temperature, rest, teacher_inverse_temperature,
                                  teacher_rest};
    } else {
      return row_shift(student, teacher, inverse_temperature);
    }
  }
  // What the rounding of inverse = 1/x has cut off: 1/x = inverse + rest.
  __device__ __forceinline__ static float rest_of_inverse(float x, float inverse) {
    return fma(-x, inverse, 1.0f) * inverse;
  }

  // log2 of p and q on the exact-shift and far paths.
  __device__ __forceinline__ float log2_student(float z) const {
    return exponents.student.template exponent<false>(z) + log(inverse_sums.student) * kLog2E;
  }
  __device__ __forceinline__ float log2_teacher(float u) const {
    return exponents.teacher.template exponent<false>(u) + log(inverse_sums.teacher) * kLog2E;
  }

  // Columns that the near-equal path processes at a time. More of its long code would need too many registers.
  static constexpr int kNearEqualColumns = 4;

  template <class F> __device__ __forceinline__ void for_each_exp(F f);

  // Defined in loss_gradient.cuh.
  template <Path PATH, class Shift>
  __device__ __forceinline__ float class_gradient(float z, float u, const GradientConstants<Spec>& g,
                                                  const Shift& shift, float& es) const;
  template <class GradientView>
  __device__ __forceinline__ void store_kept(const GradientView& view, typename GradientView::Bits* first,
                                             const GradientConstants<Spec>& g, int kept_vector, int vector,
                                             bool in_bounds, bool has_label) const;
  template <class GradientView>
  __device__ __forceinline__ void store_vector(const GradientView& view, typename GradientView::Bits* first,
                                               const typename GradientView::Vector& values, int vector,
                                               bool in_bounds) const;
  template <Path PATH, class GradientView>
  __device__ __forceinline__ void gradient_sweep(const GradientView& view, GradientFactors factors, VectorRange range,
                                                 const Row& next, bool prefetch);
};

}  // namespace temper
