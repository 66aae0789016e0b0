// The loss of one row whose teacher is given by a list of classes: value, then gradient. The listed classes are
// computed from their slots. The rest, which is all classes without a slot, is swept in the row storage. If the student
// puts nearly all of its mass on the list, 1 less this mass is 0 in f32. The mass of the rest is therefore summed by
// itself, relative to the maximum of the rest.
#pragma once

#include "../loss/row.cuh"
#include "list_mask.cuh"
#include "list_slots.cuh"

namespace temper {

template <class Spec> struct ListLossRow {
  using Policy = typename Spec::Policy;
  using ThreadGroup = typename Spec::ThreadGroup;
  using Part = BlockPart<ThreadGroup>;
  using Row = VectorisedRow<typename Spec::Student, typename Spec::Student, false>;
  using Storage = typename Spec::Storage::template Instance<Row, ThreadGroup>;
  using Pair = typename Row::Pair;
  static constexpr int K = Row::K;
  static constexpr bool kHard = Spec::kHard;

  const LossParameters& p;
  const Policy& policy;
  ThreadGroup& group;
  const Row& row;
  Storage& storage;
  ListMask<ThreadGroup>& mask;
  ListSlots<Spec> slots;
  int label;
  float temperature;
  bool valid;  // false: this thread has loaded an input of the row that became invalid after the check
  TeacherTail tail = TeacherTail(p.teacher_tail);
  float inverse_temperature = 1.0f / temperature, scale = inverse_temperature * kLog2E;

  ListConstants<float> constants = {};
  float rest_max = -infinity(), rest_sum = 0, rest_hard_sum = 0;  // maximum and sum-exps of the rest
  float row_max = -infinity(), row_sum = 0, hard_sum = 0, present = 0, log_sum_exp = 0;
  float teacher_mass = 0, student_mass = 0, log_tail = -infinity();
  float count = 0;  // used slots
  bool has_bucket = false;
  bool infinite = false;       // the teacher lacks a class, so that D and elements of the gradient are infinite
  bool row_valid = true;       // false: D has no value, and the gradient is NaN
  bool student_valid = true;   // whether the student has a softmax
  float policy_sums[Policy::kSums] = {};
  RowValues values = {};

  // Marks the listed classes in the mask, before the first sweep. unmark() empties the mask for the next row.
  __device__ __forceinline__ void mark() {
    slots.for_each(Part::rank(), Part::kThreads, valid, [&](const ListSlot& slot) {
      int vector = row.vector_of(slot.id);
      mask.set(vector, slot.id - row.column(vector));
    });
    Part::sync(group);
  }
  __device__ __forceinline__ void unmark() {
    Part::sync(group);
    bool ignored = true;
    slots.for_each(Part::rank(), Part::kThreads, ignored,
                   [&](const ListSlot& slot) { mask.clear(row.vector_of(slot.id)); });
    Part::sync(group);
  }

  // Defined in list_values.cuh.
  __device__ __forceinline__ void evaluate();

  __device__ __forceinline__ void store_values(int64_t i) const {
    if (p.row_student_mass != nullptr) p.row_student_mass[i] = student_mass;
    if (p.row_teacher_mass != nullptr) p.row_teacher_mass[i] = teacher_mass;
  }

  // Defined in list_gradient.cuh.
  template <class GradientView>
  __device__ __forceinline__ void store_gradient(const GradientView& view, GradientFactors factors);

 private:
  template <class F> __device__ __forceinline__ void for_each_slot(F f) {
    slots.for_each(group.thread_rank, group.size(), valid, f);
  }

  __device__ __forceinline__ void unpack(const Pair& pair, float (&z)[K]) const {
    pair.student.unpack(z);
    if constexpr (Spec::kStudentSoftcap)
#pragma unroll
      for (int k = 0; k < K; k++) z[k] = softcapped(z[k], p.student_softcap);
  }

  // The factor that moves a sum-exp from the maximum `from` to the maximum `to`; 0 for a sum without a class.
  __device__ __forceinline__ static float relative(float from, float to, float scale) {
    return from == -infinity() ? 0.0f : exp2((from - shift_of(to)) * scale);
  }

  // Defined in list_sums.cuh.
  __device__ __forceinline__ void sweep_rest(float& exponent_sum, float& shifted_sum);
  __device__ __forceinline__ void move_rest(float maximum, float& exponent_sum, float& shifted_sum);
  __device__ __forceinline__ void set_constants(float listed_max, float teacher_max);
  __device__ __forceinline__ void add_sums(float& exponent_sum, float& shifted_sum);

  __device__ __forceinline__ float teacher_exp(const ListSlot& slot) const {
    return p.teacher_weights != 0 ? slot.weight : constants.teacher_exp(slot.l);
  }
  __device__ __forceinline__ Element<float> element_of(const ListSlot& slot) const {
    return constants.element_of(slot.z, slot.l, teacher_exp(slot));
  }

  // Defined in list_values.cuh.
  __device__ __forceinline__ void finish_hard(float label_logit, float shifted_sum);
  __device__ __forceinline__ void add_elements(float full_entropy);

  // log sum exp((z - max_student)/T) over the rest.
  __device__ __forceinline__ float log_rest() const {
    return rest_max == -infinity() ? rest_max
                                   : log(rest_sum) + (rest_max - constants.shift.max_student) * inverse_temperature;
  }

  // The bucket, a class that merges the rest.
  __device__ __forceinline__ Element<float> bucket() const {
    float rest = log_rest();
    float d0 = log_tail == -infinity() && rest == -infinity() ? 0.0f : log_tail - rest;
    float student = rest_sum * relative(rest_max, constants.shift.max_student, scale);
    return element(d0, student, constants.teacher_exp(log_tail), constants.inverse_sums);
  }

  // The gradient of a class if D is +inf because the teacher lacks a class: +inf for such a class, -inf for the others.
  // A factor of 0 gives 0, because its product with infinity would be NaN.
  __device__ __forceinline__ static float limit_of(float l, float factor) {
    if (factor == 0) return 0;
    return factor * (l == -infinity() ? infinity() : -infinity());
  }

  __device__ __forceinline__ float soft_gradient(const ListSlot& slot, float factor) const {
    if (!row_valid) return not_a_number();
    if (infinite) return slot.z == -infinity() ? 0.0f : limit_of(slot.l, factor);
    Element<float> e = element_of(slot);
    if (tail == kTruncate) return factor * fma(teacher_mass - 1, e.q, e.difference);
    if (tail == kRenormaliseTeacher) return factor * e.difference;
    return factor * policy.gradient(e, policy_sums);
  }

  // dD/ds of a class of the rest, divided by its exponential relative to rest_max.
  __device__ __forceinline__ float rest_factor() const {
    if (count == 0 || tail == kRenormaliseBoth) return 0;
    if (tail == kBucket) return has_bucket && rest_sum > 0 ? policy.gradient(bucket(), policy_sums) / rest_sum : 0.0f;
    float q = relative(rest_max, row_max, scale) / row_sum;
    return tail == kTruncate ? teacher_mass * q : q;
  }

  __device__ __forceinline__ float add_hard(int column, float z, float hard, float smoothing, float at_label,
                                            float gradient) const {
    gradient = fma(exp2((z - shift_of(row_max)) * kLog2E), hard, gradient);
    if constexpr (Spec::kSmoothing) gradient -= z == -infinity() ? 0.0f : smoothing;
    return column == label ? gradient - at_label : gradient;
  }

  __device__ __forceinline__ float chained(float z, float gradient) const {
    if constexpr (Spec::kStudentSoftcap)
      if (!(abs(gradient) > kLargest)) return gradient * softcap_slope(z, p.student_softcap);
    return gradient;
  }

  template <class GradientView>
  __device__ __forceinline__ void store_one(const GradientView& view, int column, float z, float gradient) const {
    int vector = row.vector_of(column), k = column - row.column(vector);
    store_column(view, vector, k, chained(z, gradient));
  }

  template <class GradientView>
  __device__ __forceinline__ void store_column(const GradientView& view, int vector, int k, float gradient) const {
    using Type = typename Spec::Gradient;
    auto* at = view.address(vector) + k;
    if constexpr (Spec::kAccumulate) gradient += load_logit<Type>(at, 0);
    const float two[2] = {gradient, 0.0f};
    *at = Vector<Type, 2>::pack(two).bits(0);
  }

  // Defined in list_gradient.cuh.
  template <class GradientView>
  __device__ __forceinline__ void store_rest(const GradientView& view, int vector, uint32_t listed, const float (&z)[K],
                                             float (&gradient)[K]) const;
};

}  // namespace temper
