// The loss of one row whose teacher is given by a list of classes: value, then gradient. The listed classes are
// computed from their slots. The rest, which is all classes without a slot, is swept in the row storage. The sums over
// the rest have a maximum of their own, because 1 less the student's mass on the list is 0 in f32 for a confident
// student.
#pragma once

#include "../loss_row.cuh"
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
  bool valid;
  TeacherTail tail = TeacherTail(p.teacher_tail);
  float inverse_temperature = 1.0f / temperature, scale = inverse_temperature * kLog2E;

  ListConstants<float> constants = {};
  float rest_max = -infinity(), rest_sum = 0, rest_hard_sum = 0;  // maximum and sum-exps of the rest
  float row_max = -infinity(), row_sum = 0, hard_sum = 0, present = 0, log_sum_exp = 0;
  float teacher_mass = 0, student_mass = 0, log_tail = -infinity();
  float count = 0;  // used slots
  bool has_bucket = false, infinite = false, row_valid = true, student_valid = true;
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

  __device__ __forceinline__ void evaluate() {
    float label_logit = 0;
    if (kHard && label >= 0) {
      label_logit = load_logit<typename Spec::Student>(p.student, slots.row * p.student_stride + label);
      if constexpr (Spec::kStudentSoftcap) label_logit = softcapped(label_logit, p.student_softcap);
    }
    // Sums over the rest, and after add_sums() over the row: es s for the entropy, and z - max for label smoothing.
    float exponent_sum = 0, shifted_sum = 0;
    sweep_rest(exponent_sum, shifted_sum);
    float maxima[3] = {rest_max, -infinity(), -infinity()};
    for_each_slot([&](const ListSlot& slot) {
      maxima[1] = max(maxima[1], slot.z);
      maxima[2] = max(maxima[2], slot.l);
    });
    group.template reduce<Max>(maxima);
    move_rest(maxima[0], exponent_sum, shifted_sum);
    row_max = max(maxima[0], maxima[1]);
    set_constants(maxima[1], maxima[2]);
    add_sums(exponent_sum, shifted_sum);
    if constexpr (kHard) finish_hard(label_logit, shifted_sum);
    values.soft = row_valid ? 0.0f : not_a_number();
    values.student_entropy = values.teacher_entropy = values.soft;
    if (count == 0 || !row_valid) return;
    float full_entropy = log(row_sum) - exponent_sum / row_sum;
    add_elements(full_entropy);
    if (Spec::kEntropies && p.soft_cross_entropy != 0) values.soft += values.teacher_entropy;
  }

  __device__ __forceinline__ void store_values(int64_t i) const {
    if (p.row_student_mass != nullptr) p.row_student_mass[i] = student_mass;
    if (p.row_teacher_mass != nullptr) p.row_teacher_mass[i] = teacher_mass;
  }

  // Stores the gradient of the listed classes, each by one thread of the group, and then that of the rest. A gradient
  // that replaces the student's logits could overwrite a logit before another thread reads it. Each thread uses only
  // the logits of classes that it stores itself: a sweep over the rest may load a listed class, but ignores its value.
  template <class GradientView>
  __device__ __forceinline__ void store_gradient(const GradientView& view, GradientFactors factors) {
    float hard = 0, smoothing = 0;
    if constexpr (kHard) {
      hard = factors.hard * (row_valid ? 1.0f / hard_sum : not_a_number());
      if (p.z_loss != 0) hard *= fma(2 * p.z_loss, log_sum_exp, 1.0f);
      if constexpr (Spec::kSmoothing) {
        smoothing = factors.hard * p.label_smoothing / present;
        factors.hard *= 1.0f - p.label_smoothing;
      }
    }
    if (!row_valid) factors.soft = not_a_number();
    bool is_valid = true;
    slots.for_each(group.thread_rank, group.size(), is_valid, [&](const ListSlot& slot) {
      float gradient = soft_gradient(slot, factors.soft);
      if constexpr (kHard) gradient = add_hard(slot.id, slot.z, hard, smoothing, factors.hard, gradient);
      store_one(view, slot.id, slot.z, gradient);
    });
    float rest = rest_factor(), shift = shift_of(rest_max);
    float limit = infinite && has_bucket ? limit_of(log_tail, factors.soft) : 0.0f;
    float soft = !row_valid ? not_a_number() : rest == 0 ? 0.0f : factors.soft * rest;
    storage.for_each(row, group, [&](const Pair& pair, int vector) {
      float z[K], gradient[K];
      unpack(pair, z);
      uint32_t listed = mask.columns(vector);
#pragma unroll
      for (int k = 0; k < K; k++) {
        gradient[k] = infinite && has_bucket ? (z[k] == -infinity() ? 0.0f : limit)
                                             : exp2((z[k] - shift) * scale) * soft;
        if (!row_valid) gradient[k] = not_a_number();
        if constexpr (kHard)
          gradient[k] = add_hard(row.column(vector) + k, z[k], hard, smoothing, factors.hard, gradient[k]);
      }
      store_rest(view, vector, listed, z, gradient);
    });
  }

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

  // Sums over the thread's classes of the rest, relative to their maximum.
  __device__ __forceinline__ void sweep_rest(float& exponent_sum, float& shifted_sum) {
    storage.for_each(row, group, [&](const Pair& pair, int vector) {
      float z[K];
      unpack(pair, z);
      uint32_t listed = mask.columns(vector);
      float top = rest_max;
#pragma unroll
      for (int k = 0; k < K; k++) {
        if (listed >> k & 1u) z[k] = -infinity();
        top = max(top, z[k]);
      }
      if (top > rest_max) move_rest(top, exponent_sum, shifted_sum);
      float shift = shift_of(rest_max);
#pragma unroll
      for (int k = 0; k < K; k++) {
        float s = (z[k] - shift) * scale, es = exp2(s);
        rest_sum += es;
        if constexpr (kHard) rest_hard_sum += exp2((z[k] - shift) * kLog2E);
        if constexpr (Spec::kEntropies) exponent_sum += es > 0 ? es * s : 0.0f;
        if constexpr (Spec::kSmoothing) {
          shifted_sum += z[k] == -infinity() ? 0.0f : z[k] - shift;
          present += z[k] == -infinity() ? 0.0f : 1.0f;
        }
      }
    });
  }

  // Moves the thread's sums over the rest to another maximum, which is not below the old one.
  __device__ __forceinline__ void move_rest(float maximum, float& exponent_sum, float& shifted_sum) {
    float rise = rest_max == -infinity() ? 0.0f : shift_of(maximum) - shift_of(rest_max);
    float factor = exp2(-rise * scale);
    exponent_sum = factor * fma(rest_sum, -rise * scale, exponent_sum);
    shifted_sum = fma(present, -rise, shifted_sum);
    rest_sum *= factor;
    rest_hard_sum *= exp2(-rise * kLog2E);
    rest_max = maximum;
  }

  __device__ __forceinline__ void set_constants(float listed_max, float teacher_max) {
    float own = p.row_temperatures != nullptr ? temperature : p.teacher_temperature;
    float factor = p.teacher_list_temperature > 0 ? p.teacher_list_temperature / own : 1.0f;
    float rest_of_factor = p.teacher_list_temperature > 0 ? fma(-factor, own, p.teacher_list_temperature) / own : 0.0f;
    bool renormalised = tail == kRenormaliseTeacher || tail == kRenormaliseBoth;
    constants.shift = {shift_of(tail == kRenormaliseBoth ? listed_max : row_max),
                       renormalised ? shift_of(teacher_max) : 0.0f,
                       inverse_temperature,
                       fma(-temperature, inverse_temperature, 1.0f) * inverse_temperature,
                       factor,
                       rest_of_factor};
    constants.student_c = scale;
    constants.teacher_c = factor * kLog2E;
  }

  __device__ __forceinline__ float teacher_exp(const ListSlot& slot) const {
    return p.teacher_weights != 0 ? slot.weight : constants.teacher_exp(slot.l);
  }
  __device__ __forceinline__ Element<float> element_of(const ListSlot& slot) const {
    return constants.element_of(slot.z, slot.l, teacher_exp(slot));
  }

  // Adds the sums over the listed classes to those over the rest, and reduces both over the group.
  __device__ __forceinline__ void add_sums(float& exponent_sum, float& shifted_sum) {
    enum { kRest, kRestHard, kStudent, kHardExp, kListed, kTeacher, kMass, kExcess, kCount, kPresent, kShifted,
           kExponents, kSums };
    float sums[kSums] = {};
    sums[kRest] = rest_sum;
    sums[kRestHard] = rest_hard_sum;
    sums[kPresent] = present;
    float from_rest = rest_max == -infinity() ? 0.0f : rest_max - shift_of(row_max);
    sums[kShifted] = fma(present, from_rest, shifted_sum);
    float to_row = relative(rest_max, row_max, scale);
    sums[kExponents] = to_row * fma(rest_sum, from_rest * scale, exponent_sum);
    for_each_slot([&](const ListSlot& slot) {
      float s = slot.z - shift_of(row_max), es = exp2(s * scale);
      sums[kStudent] += es;
      sums[kHardExp] += exp2(s * kLog2E);
      sums[kListed] += constants.student_exp(slot.z);
      float et = constants.teacher_exp(slot.l);
      sums[kTeacher] += et;
      sums[kMass] += p.teacher_weights != 0 ? slot.weight : exp2(slot.l * kLog2E);
      sums[kExcess] += excess(constants.log_ratio_of(slot.z, slot.l), constants.student_exp(slot.z), et);
      sums[kCount] += 1;
      if constexpr (Spec::kSmoothing) {
        sums[kPresent] += slot.z == -infinity() ? 0.0f : 1.0f;
        sums[kShifted] += slot.z == -infinity() ? 0.0f : s;
      }
      if constexpr (Spec::kEntropies) sums[kExponents] += es > 0 ? es * (s * scale) : 0.0f;
    });
    if (!valid) sums[kRest] = not_a_number();
    group.template reduce<Sum>(sums);
    rest_sum = sums[kRest];
    row_sum = fma(rest_sum, to_row, sums[kStudent]);
    hard_sum = fma(sums[kRestHard], relative(rest_max, row_max, kLog2E), sums[kHardExp]);
    present = sums[kPresent];
    shifted_sum = sums[kShifted];
    exponent_sum = sums[kExponents] * kLn2;
    count = sums[kCount];
    teacher_mass = sums[kMass];
    row_valid = is_valid(row_sum);
    student_mass = row_valid ? sums[kStudent] / row_sum : not_a_number();
    student_valid = row_valid;
    bool renormalised = tail == kRenormaliseTeacher || tail == kRenormaliseBoth;
    float teacher_sum = renormalised ? sums[kTeacher] : 1.0f;
    float student_sum = tail == kRenormaliseBoth ? sums[kListed] : row_sum;
    if (count > 0) row_valid = row_valid && teacher_sum > 0 && student_sum > 0;
    if (tail == kRenormaliseBoth)
      constants.inverse_sums = inverse_sums(sums[kExcess], student_sum, teacher_sum);
    else
      constants.inverse_sums = {1.0f / teacher_sum, 1.0f / student_sum, log(student_sum) - log(teacher_sum)};
    has_bucket = tail == kBucket && count < float(p.classes) && count > 0;
    if (has_bucket && p.teacher_log_tail != nullptr)
      log_tail = p.teacher_log_tail[slots.row];
    else if (has_bucket && teacher_mass < 1)
      log_tail = log(1.0f - teacher_mass);
  }

  __device__ __forceinline__ void finish_hard(float label_logit, float shifted_sum) {
    if (label < 0) return;
    float from_max = label_logit - shift_of(row_max), log_sum = student_valid ? log(hard_sum) : not_a_number();
    log_sum_exp = shift_of(row_max) + log_sum;
    float target = from_max;
    if constexpr (Spec::kSmoothing)
      target = fma(1.0f - p.label_smoothing, from_max, p.label_smoothing * (shifted_sum / present));
    values.label_log_prob = from_max - log_sum;
    values.hard = log_sum - target;
    if (p.z_loss != 0) values.hard = fma(p.z_loss * log_sum_exp, log_sum_exp, values.hard);
  }

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

  // Computes D and the entropies. `full_entropy` is that of the student over all classes.
  __device__ __forceinline__ void add_elements(float full_entropy) {
    enum { kTerms = Policy::kSums, kProbabilities, kStudentLacks, kTeacherLacks, kStudentEntropy, kTeacherEntropy,
           kSums };
    float sums[kSums] = {};
    for_each_slot([&](const ListSlot& slot) {
      Element<float> e = element_of(slot);
      policy.add(sums, e);
      sums[kTerms] += list_term(e);
      sums[kProbabilities] += e.p;
      sums[kStudentLacks] += student_lacks(e);
      sums[kTeacherLacks] += teacher_lacks(e);
      if constexpr (Spec::kEntropies) {
        float log_p = (slot.l - constants.shift.max_teacher) * constants.shift.teacher_high +
                      log(constants.inverse_sums.teacher);
        float log_q = (slot.z - constants.shift.max_student) * inverse_temperature +
                      log(constants.inverse_sums.student);
        sums[kTeacherEntropy] -= e.p > 0 ? e.p * log_p : 0.0f;
        sums[kStudentEntropy] -= e.q > 0 ? e.q * log_q : 0.0f;
      }
    });
    group.template reduce<Sum>(sums);
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = sums[i];
    ListDefects<float> defects = {sums[kStudentLacks], sums[kTeacherLacks], 0.0f};
    float listed = sums[kProbabilities];
    if (has_bucket) {
      Element<float> e = bucket();
      policy.add(policy_sums, e);
      defects.student_lacks += student_lacks(e);
      defects.teacher_lacks += teacher_lacks(e);
      defects.excess = p.teacher_log_tail != nullptr ? (listed - 1) + e.p : max(listed - 1, 0.0f);
      float log_q = log_rest() + log(constants.inverse_sums.student);
      sums[kTeacherEntropy] -= log_tail == -infinity() ? 0.0f : e.p * log_tail;
      sums[kStudentEntropy] -= e.q > 0 ? e.q * log_q : 0.0f;
    } else if (tail == kBucket) {
      defects.excess = listed - 1;
    } else if (tail == kRenormaliseTeacher) {
      defects.excess = rest_sum * relative(rest_max, row_max, scale) * constants.inverse_sums.student;
    }
    policy.finish_elements(policy_sums);
    correct_list(policy, policy_sums, defects);
    values.soft = tail == kTruncate ? sums[kTerms] : policy_sums[0];
    if constexpr (Policy::kInfiniteLimit) infinite = defects.teacher_lacks > 0;
    values.teacher_entropy = sums[kTeacherEntropy];
    values.student_entropy = tail == kRenormaliseBoth || tail == kBucket ? sums[kStudentEntropy] : full_entropy;
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

  // Stores the gradient of the rest in one vector. A vector without a listed class is stored as a whole.
  template <class GradientView>
  __device__ __forceinline__ void store_rest(const GradientView& view, int vector, uint32_t listed, const float (&z)[K],
                                             float (&gradient)[K]) const {
#pragma unroll
    for (int k = 0; k < K; k++) gradient[k] = chained(z[k], gradient[k]);
    if (listed == 0) {
      if constexpr (Spec::kAccumulate) {
        float before[K];
        view.load(vector, 0).unpack(before);
#pragma unroll
        for (int k = 0; k < K; k++) gradient[k] += before[k];
      }
      view.store(GradientView::Vector::pack(gradient), vector);
      return;
    }
#pragma unroll
    for (int k = 0; k < K; k++)
      if (!(listed >> k & 1u) && unsigned(row.column(vector) + k) < unsigned(row.classes))
        store_column(view, vector, k, gradient[k]);
  }
};

}  // namespace temper
