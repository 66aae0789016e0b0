// Values of one row of the distillation loss, computed in sweeps over the row storage. Divergences are used through
// divergence/policy.h only.
//
// A row takes one of four paths:
//   fast          for finite logits of ordinary size; the merged sums show whether the row has them
//   exact shift   for rows that the fast sums do not suit: the row is swept again with exact-shift exponentials
//                 (row/exponentials.cuh)
//   near equal    for rows with a small divergence on either of these paths: log p - log q is computed from differences
//                 of logits, so that value and gradient are accurate relative to themselves
//   far           for rows in which no class has both p and q above 0 in f32, after the exact-shift sums: value and
//                 gradient are computed from log p and log q
#pragma once

#include "../row/moments.cuh"
#include "../row/partial.cuh"
#include "../row/ring_storage.cuh"
#include "../row/shared_storage.cuh"
#include "../row/softcap.cuh"
#include "../row/storage.cuh"
#include "../row/thread_group.cuh"
#include "../row_inputs.cuh"

namespace temper {

enum class Pass { kForward, kForwardBackward, kBackward };

// The values of a row in nats, before T^2, weights and the reduction over rows.
struct RowValues {
  float soft = 0, hard = 0, label_log_prob = 0, student_entropy = 0, teacher_entropy = 0, temperature_gradient = 0;
};

template <class Spec> struct GradientConstants;
template <class Loss> struct AddVectors;

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
  static constexpr bool kSeparateLabel = Form::kSeparateLabel;
  static constexpr bool kLogits = Form::kLogits, kClasses = kSoft && !kLogits && !Form::kRaw;
  static constexpr bool kLinear = is_linear(Policy::kGradient), kCentred = is_centred(Policy::kGradient);
  // Whether the maxima of the row are found before the sums, so that no sum is rescaled. For divergences with a second
  // sweep (kClasses) the assembler would need twice as many registers. With kSeparateLabel the maxima would include the
  // label, but the sums leave it out.
  static constexpr bool kMaximaFirst =
      Spec::Storage::kInRegisters && !ThreadGroup::kSeveralWarps && !kClasses && !kSeparateLabel;
  // Whether the pass may keep exponentials (kKeeps). Without kMaximaFirst, kept exponentials have the offsets of their
  // thread, so that a backward pass must keep the same vectors to give the same bits. With kMaximaFirst all
  // exponentials have the offsets of the row, and a backward pass keeps none.
  static constexpr bool kHasKeptPass =
      Spec::kPass == Pass::kForwardBackward || (Spec::kPass == Pass::kBackward && !kMaximaFirst);
  // Whether the exponentials of some vectors stay in registers from the sums to the gradient. The gradient must be
  // linear in them and must need no other value of a class, and a vector of the teacher must take no more registers
  // than one of the student.
  static constexpr bool kKeeps = Spec::Storage::kKept > 0 && kHasKeptPass &&
                                 kMaximaFirst == Spec::Storage::kInRegisters && Form::kRaw && kLinear && !kCentred &&
                                 !kSeparateLabel && !Form::Exps::kSeparateHard && !Spec::kSmoothing &&
                                 !Spec::kStandardise && !Spec::kStudentSoftcap && !Spec::kAccumulate &&
                                 Pair::Teacher::kBytes <= Pair::Student::kBytes;
  // Number of kept vectors of a thread. A row in registers leaves registers for the exponentials of 16 classes.
  static constexpr int kKept =
      kKeeps ? Spec::Storage::kInRegisters ? min(Spec::Storage::kKept, 16 / K) : Spec::Storage::kKept : 0;

  const LossParameters& p;
  const Policy& policy;
  ThreadGroup& group;
  const Row& row;
  Storage& storage;
  int label;  // -1: the row has none
  float temperature;
  bool valid;  // false: this thread has loaded an input of the row that became invalid after the check
  float inverse_temperature = rounded_reciprocal(temperature);
  float teacher_inverse_temperature = Spec::kTwoScales ? 1.0f / p.teacher_temperature : inverse_temperature;
  RowScales scales = {inverse_temperature * kLog2E, teacher_inverse_temperature * kLog2E};
  Moments moments = {};  // of the student, if logits are standardised
  bool is_flat = false;  // standardised logits with a deviation of 0, so that the soft part is 0

  // Whether only the first warp computes D, which the gradient does not need. All warps then choose the path by an
  // estimate of D.
  static constexpr bool kEstimates = kSoft && Policy::kEstimates && !kSeparateLabel && ThreadGroup::kSeveralWarps;

  // Constants of the row, set by evaluate() or restore().
  enum Path { kFast, kExactShift, kNearEqual, kFar };  // also the values of kPath in the row statistics
  Path path = kExactShift;
  float student_max = 0, teacher_max = 0;
  typename Form::Exps exponents = {};
  InverseSums<float> inverse_sums = {};
  // The label's logits. Before a merge they are set in the owner of the label's vector only. A merge copies the
  // student's logit to the first thread; with kSeparateLabel it copies both logits to all threads.
  float label_logit = 0, label_teacher_logit = 0;
  float label_from_shift = 0, label_probability = 0;  // with kSeparateLabel: z - shift and softmax(z) of the label
  float hard_inverse_sum = 0, log_sum_exp = 0, present = 0;  // present: number of present classes
  float policy_sums[Policy::kSums] = {};
  RowValues values;
  KeptExponentials<kKept * K> kept;

  // Sets the scales of standardised logits, before evaluate() or restore() (standardised.cuh).
  __device__ __forceinline__ void standardise();

  // Computes the values on the fast path. Returns false if that path is not right for the row; evaluate_again() must
  // follow then. There are two functions, because a row in registers need not stay there during the second one.
  __device__ __forceinline__ bool evaluate();

  // Computes the values of a row on one of the other paths.
  __device__ __forceinline__ void evaluate_again();

  // save() stores the constants of the row in its row statistics. restore() loads them in a later backward pass.
  __device__ __forceinline__ void save(float* statistics) const;
  __device__ __forceinline__ void restore(const float* statistics);

  // Stores the gradient of a row on the fast path (gradient.cuh). If `prefetch`, it also issues the loads of row
  // `next`, and returns the vectors in flight. The other paths have no prefetch, which would double their longer code.
  template <class GradientView>
  __device__ __forceinline__ VectorRange store_gradient(const GradientView& view, GradientFactors factors,
                                                        const Row& next, bool prefetch);

  // Stores the gradient of a row on any other path.
  template <class GradientView>
  __device__ __forceinline__ void store_gradient_again(const GradientView& view, GradientFactors factors);

  // Calls f(z, u, column) for all classes. Elements outside the row appear as absent classes. LONG = true is for long
  // code, which for_each_again() of the storage does not unroll.
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

  // The factor that turns the quotient et/es of a class into p/q. For a policy that receives p and q multiplied by
  // weights, the factor includes the weights.
  __device__ __forceinline__ float odds_factor(float student_sum) const {
    float factor = student_sum * inverse_sums.teacher;
    if constexpr (kClasses) factor *= policy.teacher_weight() * reciprocal(policy.student_weight());
    return factor;
  }

  // Defined in sums.cuh.
  template <bool FAST, int N>
  __device__ __forceinline__ void add_vectors(Partial& partial, const Pair (&pairs)[N], int vector, bool in_bounds);

 private:
  friend struct AddVectors<LossRow>;

  // The owner of the label's vector, or -1: the row has no label, the merge need not copy its logit, or (in a ring) the
  // owner is another thread.
  __device__ __forceinline__ int label_owner() const {
    return !kHard || kSeparateLabel || label < 0 ? -1 : storage.owner(row, group, row.vector_of(label));
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

  // The vector as it enters the sums. With kSeparateLabel the label's logits are replaced by -inf.
  __device__ __forceinline__ Pair summed(const Pair& pair, int vector) const {
    if constexpr (!kSeparateLabel) return pair;
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

  // Defined in path.cuh.
  __device__ __forceinline__ float estimate(const Sums& sums) const;
  __device__ __forceinline__ bool has_finite_sums() const;
  __device__ __forceinline__ void finish_values();

  // Defined in sums.cuh.
  __device__ __forceinline__ Partial empty_partial() const;
  __device__ __forceinline__ void merge(Partial& partial);
  template <int N> __device__ __forceinline__ void note_maxima(Partial& partial, const Pair (&pairs)[N]) const;
  template <bool FAST> __device__ __forceinline__ void sweep_sums(Partial& partial);
  __device__ __forceinline__ void find_label(Partial& partial, const Pair& pair, int column);
  __device__ __forceinline__ void visit_label(Partial& partial);

  // Defined in values.cuh.
  __device__ __forceinline__ void find_validity(const Partial& partial, bool& student_valid, bool& teacher_valid) const;
  template <bool FAST> __device__ __forceinline__ void finish(const Partial& partial);
  template <bool FAST>
  __device__ __forceinline__ void finish_hard(const Sums& sums, bool student_valid, bool row_valid);
  template <bool FAST> __device__ __forceinline__ void finish_soft(const Sums& sums);
  template <bool FAST> __device__ __forceinline__ WeightedClass<float> weighted_class(float z, float u) const;
  template <bool FAST> __device__ __forceinline__ void sweep_classes();
  __device__ __forceinline__ void evaluate_near_equal();
  __device__ __forceinline__ void evaluate_far();

  // Defined in label.cuh.
  template <bool FAST> __device__ __forceinline__ void finish_hard_with_label(const Sums& sums, bool row_valid);
  __device__ __forceinline__ void finish_label(float label_logit, float label_teacher_logit);

  // Defined in outputs.cuh.
  template <bool FAST>
  __device__ __forceinline__ static float entropy(const Exponents& tensor, float sum, float exponent_sum,
                                                  float label_logit);
  __device__ __forceinline__ void evaluate_entropies(float student_max, float teacher_max);
  __device__ __forceinline__ void evaluate_temperature_gradient();

  // Whether a tensor has a softmax, from the sum of its exponentials without the label and from the label's logit.
  __device__ __forceinline__ static bool is_valid_with(float sum, float label_logit) {
    return sum >= 0 && sum <= kLargest && label_logit <= kLargest && (sum > 0 || label_logit > -infinity());
  }

  // The inverse of a sum-exp. With kSeparateLabel all exponentials of the sum may be 0, and their products with an
  // infinite factor would be NaN. The inverse of such a sum is therefore 0.
  template <bool FAST> __device__ __forceinline__ static float inverse_of(float sum) {
    if constexpr (FAST) return reciprocal(sum);  // a normal number
    return kSeparateLabel && sum == 0 ? 0.0f : 1.0f / sum;
  }

  // Clamps log2(p/q) to finite values. If neither tensor has the class, the ratio is NaN, and max() replaces it by the
  // lower limit. The fast path needs no upper limit: a class that only the teacher has either makes its sums NaN, which
  // leads to another path, or adds nothing to them.
  template <bool UPPER> __device__ __forceinline__ static float clamped(float log2_ratio) {
    float finite = max(log2_ratio, -Policy::kMostLog2);
    if constexpr (UPPER) finite = min(finite, Policy::kMostLog2);
    return finite;
  }

  __device__ __forceinline__ auto shift_of_row() const {
    float student = exponents.student.shift, teacher = exponents.teacher.shift;
    if constexpr (Spec::kTwoScales || Spec::kStandardise) {
      // The rest of an inverse temperature makes the comparison of tensors with different temperatures exact.
      // Standardised logits need no rest: where student and teacher are equal, their deviations are equal too.
      float rest = Spec::kStandardise ? 0.0f : rest_of_inverse(temperature, inverse_temperature);
      float teacher_rest =
          Spec::kStandardise ? 0.0f : rest_of_inverse(p.teacher_temperature, teacher_inverse_temperature);
      return TwoScaleShift<float>{student, teacher, inverse_temperature, rest, teacher_inverse_temperature,
                                  teacher_rest};
    } else {
      return row_shift(student, teacher, inverse_temperature);
    }
  }
  // The rounding error of an inverse: 1/x = inverse + rest.
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

  // Columns that the near-equal path processes at a time. More columns of its long code would need too many registers.
  static constexpr int kNearEqualColumns = 4;

  template <class F> __device__ __forceinline__ void for_each_exp(F f);

  // Defined in gradient.cuh.
  template <Path PATH, int N>
  __device__ __forceinline__ void class_odds(const float (&z)[N], const float (&u)[N],
                                             const GradientConstants<Spec>& g, Odds<float> (&odds)[N]) const;
  template <Path PATH, class Shift>
  __device__ __forceinline__ float class_gradient(float z, float u, const Odds<float>& odds,
                                                  const GradientConstants<Spec>& g, const Shift& shift,
                                                  float& es) const;
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
