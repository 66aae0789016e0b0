// The loss of one row whose teacher is given by a list of classes. The student is read once, without the classes of the
// list: its sums over the rest need a maximum of their own, because 1 - Q is 0 in f32 for a confident student. The
// classes of the list are added from their slots.
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

  ListEntries list = {};
  ClassMask mask = {};
  ListConstants<V> constants = {};
  float rest_max = -kInfinity, rest_sum = 0;  // of the student's exponentials over the classes without a slot
  float log_tail = -kInfinity;                // of the teacher
  bool has_bucket = false, infinite = false;
  bool valid = true;  // false: the soft part and the gradient are NaN
  V sums[Policy::kSums] = {};
  float divergence = 0, student_mass = 0, teacher_mass = 0, student_entropy = 0, teacher_entropy = 0;

  // Returns false if the list is invalid.
  bool read_list() {
    list.read(r.job, r.row);
    int* head = (int*)r.scratch.teacher_exp;  // free, because no class has an exponential of the teacher
    list.chain(head, r.classes() / kBlock + 1);
    mask = {head, list.next, list.id};
    return list.valid;
  }

  void evaluate() {
    read_student();
    if (list.count == 0) return;
    double factor = p.teacher_list_temperature > 0 ? p.teacher_list_temperature / teacher_temperature() : 1;
    bool renormalised = tail == kRenormaliseTeacher || tail == kRenormaliseBoth;
    float student_max = tail == kRenormaliseBoth ? shift_of(max_of(list.z)) : r.student_max;
    float teacher_max = renormalised ? max_of(list.l) : 0;
    double inverse = 1 / r.scales.student_temperature;
    constants.shift = {splat(student_max), splat(shift_of(teacher_max)),
                       splat((float)inverse), splat((float)(inverse - (float)inverse)),
                       splat((float)factor),  splat((float)(factor - (float)factor))};
    constants.student_c = splat((float)(inverse * 1.4426950408889634));
    constants.teacher_c = splat((float)(factor * 1.4426950408889634));
    measure(renormalised);
    if (!valid) return;
    find_bucket();
    add_elements();
  }

  // The gradient of the listed class i with respect to s = z/T, before the factor of the soft part.
  V gradient_at(int i) const {
    Element<V> e = element_at(i);
    if (tail == kTruncate) return fma(splat(teacher_mass - 1), e.q, e.difference);
    if (tail == kRenormaliseTeacher) return e.difference;
    return policy.gradient(e, sums);
  }

  // The gradient of a class without a slot is this factor times its exponential relative to the rest's maximum.
  float rest_factor() const {
    if (list.count == 0 || tail == kRenormaliseBoth) return 0;
    if (tail == kBucket) return has_bucket ? first_lane(policy.gradient(bucket_element(), sums)) / rest_sum : 0;
    float q = first_lane(r.inverse_sums.student) * relative(rest_max, r.student_max);
    return tail == kTruncate ? teacher_mass * q : q;
  }

  // The entropies of the distributions that are compared.
  TEMPER_RARE void evaluate_entropies() {
    if (list.count == 0 || !valid) return;
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
      Element<V> bucket = bucket_element();
      float q = first_lane(bucket.q);
      if (has_bucket && q > 0) student_entropy -= q * log_rest() - q * first_lane(log(splat(sum_of_student())));
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
    float listed_max = list.count == 0 ? -kInfinity : max_of(list.z);
    float max = listed_max > rest_max ? listed_max : rest_max;
    total.rescale(r.raw_policy(), r.scales, max, max);
    with_hard_exp(r.hard, [&](auto tag) {
      constexpr HardExp hard = decltype(tag)::kValue;
      for (int i = 0; i < list.padded_count(); i += kLanes) {
        V s = load(list.z + i) - shift_of(max), es = r.scales.student(s);
        total.student += es;
        if constexpr (hard == HardExp::kSeparate) total.hard += r.scales.untempered(s);
        else if constexpr (hard != HardExp::kNone && hard != HardExp::kSame) total.hard += hard_exp<hard>(es, nullptr);
      }
    });
    if (p.label_smoothing > 0) present.add(list.z, list.padded_count(), shift_of(max));
    r.student_max = r.teacher_max = max;
    float sum = sum_lanes(total.student);
    valid = sum > 0 && sum < kInfinity;
    r.inverse_sums.student = r.inverse_sums.teacher = splat(valid ? 1.0f / sum : __builtin_nanf(""));
    if (r.hard != HardExp::kNone) r.finish_hard(total, present, valid, valid);
    divergence = valid ? 0.0f : __builtin_nanf("");
  }

  // Masses and sums over the list.
  void measure(bool renormalised) {
    V teacher = {}, student = {}, mass = {}, own = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      V z = load(list.z + i), l = load(list.l + i);
      mass += p.teacher_weights != 0 ? load(list.weight + i) : exp2(l * kLog2E);
      teacher += constants.teacher_exp(l);
      student += constants.student_exp(z);
      own += r.scales.student(z - shift_of(r.student_max));
    }
    teacher_mass = sum_lanes(mass);
    student_mass = sum_lanes(own) * first_lane(r.inverse_sums.student);
    float teacher_sum = renormalised ? sum_lanes(teacher) : 1;
    float student_sum = tail == kRenormaliseBoth ? sum_lanes(student) : 1 / first_lane(r.inverse_sums.student);
    valid = valid && teacher_sum > 0 && student_sum > 0;
    if (!valid) {
      divergence = student_entropy = teacher_entropy = __builtin_nanf("");
      r.inverse_sums.student = splat(divergence);
      return;
    }
    if (tail != kRenormaliseBoth) {
      constants.inverse_sums = {splat(1 / teacher_sum), splat(1 / student_sum),
                                log(splat(student_sum)) - log(splat(teacher_sum))};
      return;
    }
    V difference = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      V z = load(list.z + i), l = load(list.l + i);
      difference += excess(constants.log_ratio_of(z, l), constants.student_exp(z), constants.teacher_exp(l));
    }
    constants.inverse_sums = inverse_sums(splat(sum_lanes(difference)), splat(student_sum), splat(teacher_sum));
  }

  void find_bucket() {
    has_bucket = tail == kBucket && list.count < r.classes();
    if (!has_bucket) return;
    if (p.teacher_log_tail != nullptr) log_tail = read_float_once(p.teacher_log_tail, r.row);
    else if (teacher_mass < 1) log_tail = first_lane(log(splat(1 - teacher_mass)));
  }

  V teacher_exp_at(int i) const {
    return p.teacher_weights != 0 ? load(list.weight + i) : constants.teacher_exp(load(list.l + i));
  }
  Element<V> element_at(int i) const {
    return constants.element_of(load(list.z + i), load(list.l + i), teacher_exp_at(i));
  }
  // The class that merges the rest, in all lanes.
  Element<V> bucket_element() const {
    float rest = log_rest(), d0 = log_tail - rest;
    if (log_tail == -kInfinity && rest == -kInfinity) d0 = 0;
    V student = splat(rest_sum * relative(rest_max, first_lane(constants.shift.max_student)));
    return element(splat(d0), student, constants.teacher_exp(splat(log_tail)), constants.inverse_sums);
  }

  void add_elements() {
    V terms = {}, probabilities = {};
    ListDefects<V> defects = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      Element<V> e = element_at(i);
      terms += list_term(e);
      probabilities += e.p;
      defects.student_lacks += student_lacks(e);
      defects.teacher_lacks += teacher_lacks(e);
      policy.add(sums, e);
    }
    if (tail == kTruncate) {
      divergence = sum_lanes(terms);
      return;
    }
    for (V& sum : sums) sum = splat(sum_lanes(sum));
    float listed = sum_lanes(probabilities);
    defects = {splat(sum_lanes(defects.student_lacks)), splat(sum_lanes(defects.teacher_lacks)), V{}};
    if (has_bucket) {
      Element<V> e = bucket_element();
      policy.add(sums, e);
      defects.student_lacks += student_lacks(e);
      defects.teacher_lacks += teacher_lacks(e);
      if (p.teacher_log_tail != nullptr) defects.excess = splat((listed - 1) + first_lane(e.p));
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
