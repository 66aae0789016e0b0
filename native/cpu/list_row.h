// The state of one row whose teacher is given by a list of classes. The first loop over the row moves the listed logits
// out of it and sums the rest. If the student puts nearly all of its mass on the list, 1 less this mass is 0 in f32.
// The mass of the rest is therefore summed by itself.
#pragma once

#include "list_entries.h"
#include "list_rest.h"

namespace temper {
namespace {

// The log ratio of a class whose log-probability l has neither a shift nor a scale. It equals log_ratio(), with fewer
// operations.
TEMPER_INLINE V unscaled_log_ratio(V z, V l, const TwoScaleShift<V>& shift) {
  V student, student_low, s, rest, difference = l - z;
  exact_difference(z, shift.max_student, student, student_low);
  scaled(student, student_low, shift.student_high, shift.student_low, s, rest);
  return select(abs(difference) <= kLargest, (l - s) - rest, select(difference == difference, difference, V{}));
}

template <class Policy> struct ListRow {
  ListedRow& r;
  const Policy& policy;
  const LossParameters& p = r.parameters;
  TeacherTail tail = (TeacherTail)p.teacher_tail;
  bool renormalised = tail == kRenormaliseTeacher || tail == kRenormaliseBoth;

  ListConstants<V>& constants;  // of the row's temperature; evaluate() sets the maxima and sums
  ListEntries list;
  ListedLogits listed;
  // The student's exponential of each entry, exp((z - max z)/T) with the maximum over all classes, and the teacher's
  // exponential or weight.
  alignas(64) float student_exp[kListRoom], teacher_exp[kListRoom];
  // The fields of the Element of each entry.
  alignas(64) float p_of[kListRoom], q_of[kListRoom], difference_of[kListRoom], log_ratio_of[kListRoom];
  Element<V> bucket;  // the class that merges the rest, in all lanes
  // The sum of exp((z - rest_max)/T) over the classes without a slot. rest_max is the maximum of the row, or that of
  // these classes if they are summed again.
  float rest_max = -kInfinity, rest_sum = 0;
  float rest_of_sum = 0;                       // the same sum, but relative to the maximum over all classes
  float log_sum = 0, log_rest_sum = 0;         // logarithms of the student's sum-exp and of rest_sum
  float teacher_sum = 0, log_teacher_sum = 0;  // sum of teacher_exp; for a bucket the logarithm is that of tail_mass
  float tail_mass = 0, log_tail = -kInfinity;  // the teacher's mass in the bucket, and its logarithm
  bool has_bucket = false, infinite = false;
  bool valid = true;  // false: the soft part and the gradient are NaN
  V sums[Policy::kSums] = {};
  float divergence = 0, student_mass = 0, teacher_mass = 0, student_entropy = 0, teacher_entropy = 0;

  // Leaves the arrays uninitialised. An aggregate without a constructor would clear them.
  ListRow(ListedRow& r, const Policy& policy, ListConstants<V>& constants)
      : r(r), policy(policy), constants(constants) {}

  // The constants of all rows at one temperature, without maxima and sums.
  static ListConstants<V> constants_of(const LossJob& job, const RowScales& scales) {
    const LossParameters& p = job.parameters;
    float temperature = job.row_temperatures ? (float)scales.student_temperature : p.teacher_temperature;
    double inverse = 1 / scales.student_temperature, list_temperature = p.teacher_list_temperature;
    double factor = list_temperature > 0 ? list_temperature / temperature : 1;
    ListConstants<V> result = {};
    result.shift = {V{}, V{}, splat((float)inverse), splat((float)(inverse - (float)inverse)),
                    splat((float)factor), splat((float)(factor - (float)factor))};
    result.student_c = splat((float)(inverse * 1.4426950408889634));
    result.teacher_c = splat((float)(factor * 1.4426950408889634));
    return result;
  }

  // Returns false if the list is invalid.
  bool read_list() {
    if (!list.read(r)) return false;
    int* block_end = (int*)r.scratch.teacher_exp;  // unused by a row with a list
    listed = list.by_blocks((r.classes() + kBlock - 1) / kBlock, block_end);
    return true;
  }

  void evaluate() {
    PresentClasses present;
    V rest_hard = read_rest(present);
    read_teacher();
    add_listed(present, rest_hard);
    if (list.count() == 0) return;
    if (renormalised) find_renormalised_sums();
    else constants.inverse_sums = {splat(1.0f), r.inverse_sums.student, splat(log_sum)};
    if (!valid) {
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

  // The gradient of a class without a slot is this factor times its exponential relative to rest_max.
  float rest_factor() const {
    if (list.count() == 0 || tail == kRenormaliseBoth) return 0;
    if (tail == kBucket) return has_bucket ? first_lane(policy.gradient(bucket, sums)) / rest_sum : 0;
    float q = rest_sum == 0 ? 0 : rest_of_sum / rest_sum * first_lane(r.inverse_sums.student);
    return tail == kTruncate ? teacher_mass * q : q;
  }

  void evaluate_entropies();  // defined in list_values.h

 private:
  float sum_of_student() const { return 1 / first_lane(constants.inverse_sums.student); }

  float max_of(const float* values) const { return block_max(values, list.padded_count()); }

  // log sum exp((z - max z)/T) over the rest.
  float log_rest() const {
    if (rest_max == -kInfinity) return -kInfinity;
    return log_rest_sum + (float)((rest_max - first_lane(constants.shift.max_student)) / r.scales.student_temperature);
  }

  static V log_probability(V x, V max, V factor, V inverse_sum) { return (x - max) * factor + log(inverse_sum); }

  // Defined in list_values.h.
  V read_rest(PresentClasses& present);
  void read_teacher();
  float mass_of_list() const;
  void add_listed(PresentClasses& present, V rest_hard);
  void find_renormalised_sums();
  void compute_bucket();
  void add_elements();

  TEMPER_INLINE Element<V> element_at(int i) const {
    return {load(p_of + i), load(q_of + i), load(difference_of + i), load(log_ratio_of + i)};
  }
  // Passes all elements to visit(). find_renormalised_sums() has stored a part of them for kRenormaliseBoth.
  template <class F> TEMPER_INLINE void compute_elements(F visit) {
    const TwoScaleShift<V> shift = constants.shift;
    if (tail == kRenormaliseBoth)
      for_elements(q_of, [this](int i) { return load(log_ratio_of + i); }, visit);
    else if (shift.max_teacher[0] == 0 && shift.teacher_high[0] == 1 && shift.teacher_low[0] == 0)
      for_elements(student_exp, [&](int i) { return unscaled_log_ratio(load(list.z + i), load(list.l + i), shift); },
                   visit);
    else
      for_elements(student_exp, [&](int i) { return log_ratio(load(list.z + i), load(list.l + i), shift); }, visit);
  }
  template <class LogRatio, class F>
  TEMPER_INLINE void for_elements(const float* es, LogRatio log_ratio_at, F visit) {
    const InverseSums<V> inverse = constants.inverse_sums;
    for (int i = 0, n = list.padded_count(); i < n; i += kLanes)
      visit(store_element(i, element(log_ratio_at(i), load(es + i), load(teacher_exp + i), inverse)));
  }
  TEMPER_INLINE Element<V> store_element(int i, const Element<V>& e) {
    store(e.p, p_of + i);
    store(e.q, q_of + i);
    store(e.difference, difference_of + i);
    store(e.log_ratio, log_ratio_of + i);
    return e;
  }
};

}  // namespace
}  // namespace temper
