// The loss of one row whose teacher is given by a list of classes. The student is read once, without the classes of the
// list, which are added from their slots. If the student puts nearly all of its mass on the list, 1 less this mass is 0
// in f32. The mass of the rest is therefore summed by itself, relative to the maximum of the rest.
#pragma once

#include "list_entries.h"

namespace temper {
namespace {

template <class Policy> struct ListRow {
  typedef Row<ForwardKl<V>, false> R;  // the student's sums and the hard part

  R& r;
  const Policy& policy;
  const LossParameters& p = r.parameters;
  TeacherTail tail = (TeacherTail)p.teacher_tail;
  bool renormalised = tail == kRenormaliseTeacher || tail == kRenormaliseBoth;

  ListEntries list;
  ClassMask mask = {};
  ListConstants<V> constants;
  // Per entry: exp((z - max z)/T) with the maximum over all classes, and the element.
  alignas(64) float student_exp[kListRoom];
  alignas(64) float p_of[kListRoom], q_of[kListRoom], difference_of[kListRoom], log_ratio_of[kListRoom];
  Element<V> bucket;  // the class that merges the rest, in all lanes
  float rest_max = -kInfinity, rest_sum = 0;  // of the student's exponentials over the classes without a slot
  float log_tail = -kInfinity;                // of the teacher
  bool has_bucket = false, infinite = false;
  bool valid = true;  // false: the soft part and the gradient are NaN
  V sums[Policy::kSums] = {};
  float divergence = 0, student_mass = 0, teacher_mass = 0, student_entropy = 0, teacher_entropy = 0;

  // A constructor, because an aggregate would clear all arrays.
  ListRow(R& r, const Policy& policy) : r(r), policy(policy) {}

  // Returns false if the list is invalid.
  bool read_list() {
    if (!list.read(r)) return false;
    int* block_end = (int*)r.scratch.teacher_exp;  // free, because no class has an exponential of the teacher
    mask = list.by_blocks((r.classes() + kBlock - 1) / kBlock, block_end);
    return true;
  }

  void evaluate() {
    read_student();
    if (list.count() == 0) return;
    double factor = p.teacher_list_temperature > 0 ? p.teacher_list_temperature / teacher_temperature() : 1;
    float student_max = tail == kRenormaliseBoth ? shift_of(max_of(list.z)) : r.student_max;
    float teacher_max = renormalised ? max_of(list.l) : 0;
    double inverse = 1 / r.scales.student_temperature;
    constants.shift = {splat(student_max), splat(shift_of(teacher_max)),
                       splat((float)inverse), splat((float)(inverse - (float)inverse)),
                       splat((float)factor),  splat((float)(factor - (float)factor))};
    constants.student_c = splat((float)(inverse * 1.4426950408889634));
    constants.teacher_c = splat((float)(factor * 1.4426950408889634));
    if (renormalised) find_renormalised_sums();
    else constants.inverse_sums = {splat(1.0f), r.inverse_sums.student, -log(r.inverse_sums.student)};
    if (!valid) {
      find_teacher_mass();
      divergence = student_entropy = teacher_entropy = __builtin_nanf("");
      r.inverse_sums.student = splat(divergence);
      return;
    }
    compute_bucket();
    add_elements();
  }

  // The gradient of the listed class i with respect to s = z/T, before the factor of the soft part.
  TEMPER_INLINE V gradient_at(int i) const {
    Element<V> e = element_at(i);
    if (tail == kTruncate) return fma(splat(teacher_mass - 1), e.q, e.difference);
    if (tail == kRenormaliseTeacher) return e.difference;
    return policy.gradient(e, sums);
  }

  // The gradient of a class without a slot is this factor times its exponential relative to the rest's maximum.
  float rest_factor() const {
    if (list.count() == 0 || tail == kRenormaliseBoth) return 0;
    if (tail == kBucket) return has_bucket ? first_lane(policy.gradient(bucket, sums)) / rest_sum : 0;
    float q = first_lane(r.inverse_sums.student) * relative(rest_max, r.student_max);
    return tail == kTruncate ? teacher_mass * q : q;
  }

  // The entropies of the distributions that are compared.
  TEMPER_RARE void evaluate_entropies() {
    if (list.count() == 0 || !valid) return;
    V student = {}, teacher = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      Element<V> e = element_at(i);
      V log_p = log_probability(load(list.l + i), constants.shift.max_teacher, constants.shift.teacher_high,
                                constants.inverse_sums.teacher);
      V log_q = log_probability(load(list.z + i), constants.shift.max_student, constants.shift.student_high,
                                constants.inverse_sums.student);
      teacher -= select(e.p > 0.0f, e.p * log_p, V{});
      student -= select(e.q > 0.0f, e.q * log_q, V{});
    }
    teacher_entropy = sum_lanes(teacher);
    if (has_bucket && log_tail > -kInfinity)
      teacher_entropy -= first_lane(constants.teacher_exp(splat(log_tail))) * log_tail;
    if (tail == kRenormaliseBoth || tail == kBucket) {
      student_entropy = sum_lanes(student);
      float q = has_bucket ? first_lane(bucket.q) : 0;
      if (q > 0) student_entropy -= q * log_rest() - q * first_lane(log(splat(sum_of_student())));
    } else {
      r.evaluate_entropies();
      student_entropy = r.student_entropy;
    }
  }

 private:
  float teacher_temperature() const {
    return r.job.row_temperatures ? (float)r.scales.student_temperature : p.teacher_temperature;
  }
  float sum_of_student() const { return 1 / first_lane(constants.inverse_sums.student); }

  float max_of(const float* values) const { return block_max(values, list.padded_count()); }

  // exp((from - to)/T) for two maxima of the student.
  float relative(float from, float to) const {
    return from == -kInfinity ? 0 : first_lane(r.scales.student(splat(from - to)));
  }

  // log sum exp((z - max z)/T) over the rest.
  float log_rest() const {
    if (rest_max == -kInfinity) return -kInfinity;
    return first_lane(log(splat(rest_sum))) +
           (float)((rest_max - first_lane(constants.shift.max_student)) / r.scales.student_temperature);
  }

  static V log_probability(V x, V max, V factor, V inverse_sum) { return (x - max) * factor + log(inverse_sum); }

  // The sums of the student: those of the rest, then those of all classes, and the hard part.
  void read_student() {
    PresentClasses present;
    r.mask = &mask;
    RowPartial<NoRawSums> total = r.template sum_exp<true>(present);
    r.mask = nullptr;
    rest_max = total.student_max;
    rest_sum = sum_lanes(total.student);
    float listed_max = list.count() == 0 ? -kInfinity : max_of(list.z);
    float max = listed_max > rest_max ? listed_max : rest_max;
    if (max != rest_max) total.rescale(r.raw_policy(), r.scales, max, max);
    V listed = {};
    with_hard_exp(r.hard, [&](auto tag) {
      constexpr HardExp hard = decltype(tag)::kValue;
      for (int i = 0; i < list.padded_count(); i += kLanes) {
        V s = load(list.z + i) - shift_of(max), es = r.scales.student(s);
        store(es, student_exp + i);
        listed += es;
        if constexpr (hard == HardExp::kSeparate) total.hard += r.scales.untempered(s);
        else if constexpr (hard != HardExp::kNone && hard != HardExp::kSame) total.hard += hard_exp<hard>(es, nullptr);
      }
    });
    total.student += listed;
    if (p.label_smoothing > 0) present.add(list.z, list.padded_count(), shift_of(max));
    r.student_max = r.teacher_max = max;
    float sum = sum_lanes(total.student);
    valid = sum > 0 && sum < kInfinity;
    float inverse = valid ? 1.0f / sum : __builtin_nanf("");
    r.inverse_sums.student = r.inverse_sums.teacher = splat(inverse);
    student_mass = list.count() == 0 ? 0 : sum_lanes(listed) * inverse;
    if (r.hard != HardExp::kNone) r.finish_hard(total, present, valid, valid);
    divergence = valid ? 0.0f : __builtin_nanf("");
  }

  void find_teacher_mass() {
    V mass = {};
    for (int i = 0; i < list.padded_count(); i += kLanes)
      mass += p.teacher_weights != 0 ? load(list.weight + i) : exp2(load(list.l + i) * kLog2E);
    teacher_mass = sum_lanes(mass);
  }

  // The sums over the list that renormalise the teacher, and with kRenormaliseBoth the student.
  void find_renormalised_sums() {
    find_teacher_mass();
    V teacher = {}, student = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      teacher += constants.teacher_exp(load(list.l + i));
      student += constants.student_exp(load(list.z + i));
    }
    float teacher_sum = sum_lanes(teacher), student_sum = sum_lanes(student);
    valid = valid && teacher_sum > 0 && student_sum > 0;
    if (tail == kRenormaliseTeacher) {
      constants.inverse_sums = {splat(1 / teacher_sum), r.inverse_sums.student,
                                -log(r.inverse_sums.student) - log(splat(teacher_sum))};
      return;
    }
    V difference = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      V z = load(list.z + i), l = load(list.l + i);
      difference += excess(constants.log_ratio_of(z, l), constants.student_exp(z), constants.teacher_exp(l));
    }
    constants.inverse_sums = inverse_sums(splat(sum_lanes(difference)), splat(student_sum), splat(teacher_sum));
  }

  TEMPER_INLINE Element<V> element_at(int i) const {
    return {load(p_of + i), load(q_of + i), load(difference_of + i), load(log_ratio_of + i)};
  }
  TEMPER_INLINE Element<V> compute_element(int i) {
    V z = load(list.z + i), l = load(list.l + i);
    V es = tail == kRenormaliseBoth ? constants.student_exp(z) : load(student_exp + i);
    V et = p.teacher_weights != 0 ? load(list.weight + i) : constants.teacher_exp(l);
    Element<V> e = element(constants.log_ratio_of(z, l), es, et, constants.inverse_sums);
    store(e.p, p_of + i);
    store(e.q, q_of + i);
    store(e.difference, difference_of + i);
    store(e.log_ratio, log_ratio_of + i);
    return e;
  }

  // Called before add_elements(), so that the long chains of operations of both overlap.
  void compute_bucket() {
    has_bucket = tail == kBucket && list.count() < r.classes();
    if (!has_bucket) return;
    if (p.teacher_log_tail == nullptr) find_teacher_mass();
    if (p.teacher_log_tail != nullptr) log_tail = read_float_once(p.teacher_log_tail, r.row);
    else if (teacher_mass < 1) log_tail = first_lane(log(splat(1 - teacher_mass)));
    float rest = log_rest(), d0 = log_tail - rest;
    if (log_tail == -kInfinity && rest == -kInfinity) d0 = 0;
    V student = splat(rest_sum * relative(rest_max, r.student_max));
    bucket = element(splat(d0), student, constants.teacher_exp(splat(log_tail)), constants.inverse_sums);
  }

  void add_elements() {
    V terms = {}, probabilities = {};
    ListDefects<V> defects = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      Element<V> e = compute_element(i);
      terms += list_term(e);
      probabilities += e.p;
      defects.student_lacks += student_lacks(e);
      defects.teacher_lacks += teacher_lacks(e);
      policy.add(sums, e);
    }
    float listed = sum_lanes(probabilities);
    if (!renormalised) teacher_mass = listed;
    if (tail == kTruncate) {
      divergence = sum_lanes(terms);
      return;
    }
    for (V& sum : sums) sum = splat(sum_lanes(sum));
    defects = {splat(sum_lanes(defects.student_lacks)), splat(sum_lanes(defects.teacher_lacks)), V{}};
    if (has_bucket) {
      policy.add(sums, bucket);
      defects.student_lacks += student_lacks(bucket);
      defects.teacher_lacks += teacher_lacks(bucket);
      if (p.teacher_log_tail != nullptr) defects.excess = splat((listed - 1) + first_lane(bucket.p));
      else defects.excess = splat(listed > 1 ? listed - 1 : 0);
    } else if (tail == kBucket) {
      defects.excess = splat(listed - 1);
    } else if (tail == kRenormaliseTeacher) {  // the student's mass on the rest
      defects.excess = splat(rest_sum * relative(rest_max, r.student_max)) * constants.inverse_sums.student;
    }
    policy.finish_elements(sums);
    correct_list(policy, sums, defects);
    divergence = first_lane(sums[0]);
    if constexpr (Policy::kInfiniteLimit) infinite = defects.teacher_lacks[0] > 0;
  }
};

}  // namespace
}  // namespace temper
