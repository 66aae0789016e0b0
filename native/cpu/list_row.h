// The loss of one row whose teacher is given by a list of classes. The first loop over the row moves the listed logits
// out of it and sums the rest. If the student puts nearly all of its mass on the list, 1 less this mass is 0 in f32.
// The mass of the rest is therefore summed by itself.
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
  ListRow(R& r, const Policy& policy, ListConstants<V>& constants) : r(r), policy(policy), constants(constants) {}

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
      teacher_entropy -= first_lane(bucket.p) * log_tail;
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
  float sum_of_student() const { return 1 / first_lane(constants.inverse_sums.student); }

  float max_of(const float* values) const { return block_max(values, list.padded_count()); }

  // log sum exp((z - max z)/T) over the rest.
  float log_rest() const {
    if (rest_max == -kInfinity) return -kInfinity;
    return log_rest_sum + (float)((rest_max - first_lane(constants.shift.max_student)) / r.scales.student_temperature);
  }

  static V log_probability(V x, V max, V factor, V inverse_sum) { return (x - max) * factor + log(inverse_sum); }

  // The part of the row that does not depend on the student.
  void read_teacher() {
    V teacher_max = splat(renormalised ? shift_of(max_of(list.l)) : 0.0f), sum = {}, mass = {};
    bool separate_mass = renormalised && r.job.row_teacher_mass != nullptr;
    constants.shift.max_teacher = teacher_max;
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      V e = p.teacher_weights != 0 ? load(list.weight + i) : constants.teacher_exp(load(list.l + i));
      store(e, teacher_exp + i);
      sum += e;
      if (separate_mass) mass += exp2(load(list.l + i) * kLog2E);
    }
    teacher_sum = sum_lanes(sum);
    teacher_mass = separate_mass ? sum_lanes(mass) : teacher_sum;
    if (tail != kBucket) return;
    if (p.teacher_log_tail != nullptr) {
      log_tail = read_float_once(p.teacher_log_tail, r.row);
      tail_mass = first_lane(constants.teacher_exp(splat(log_tail)));
    } else if (teacher_mass < 1) {
      tail_mass = 1 - teacher_mass;
    }
  }

  // Completes the sums of the student and the hard part.
  void add_listed(PresentClasses& present, V rest_hard) {
    float max = r.student_max;
    constants.shift.max_student = splat(shift_of(tail == kRenormaliseBoth ? max_of(list.z) : max));
    V listed_sums = {}, listed_hard = {};
    with_hard_exp(r.hard, [&](auto tag) {
      constexpr HardExp hard = decltype(tag)::kValue;
      for (int i = 0; i < list.padded_count(); i += kLanes) {
        V s = load(list.z + i) - shift_of(max), es = r.scales.student(s);
        store(es, student_exp + i);
        listed_sums += es;
        if constexpr (hard == HardExp::kSeparate) listed_hard += r.scales.untempered(s);
        else if constexpr (hard != HardExp::kNone) listed_hard += hard_exp<hard>(es, nullptr);
      }
    });
    float listed_sum = sum_lanes(listed_sums), sum = listed_sum + rest_of_sum;
    if (p.label_smoothing > 0) present.add(list.z, list.padded_count(), shift_of(max));
    valid = sum > 0 && sum < kInfinity;
    float inverse = valid ? 1.0f / sum : __builtin_nanf("");
    r.inverse_sums.student = r.inverse_sums.teacher = splat(inverse);
    student_mass = list.count() == 0 ? 0 : listed_sum * inverse;
    divergence = valid ? 0.0f : __builtin_nanf("");
    float hard_sum = r.hard == HardExp::kSame ? sum : sum_lanes(listed_hard + rest_hard);
    V logs = log(lanes(sum, rest_sum, tail == kBucket ? tail_mass : teacher_sum, hard_sum));
    log_sum = logs[0];
    log_rest_sum = logs[1];
    log_teacher_sum = logs[2];
    if (tail_mass > 0 && p.teacher_log_tail == nullptr) log_tail = logs[2];
    if (r.hard != HardExp::kNone) r.finish_hard(hard_sum, logs[3], present, valid, valid);
  }

  // Sums the rest relative to the maximum of the row. If the rest is so far below that its exponentials could be 0, a
  // second loop sums it relative to its own maximum. Returns the hard part's sum, relative to the maximum of the row.
  V read_rest(PresentClasses& present) {
    r.listed = &listed;
    RowPartial<NoRawSums> rest = r.template sum_exp<true>(present);
    V hard = rest.hard;
    float max = rest_max = r.student_max;
    rest_sum = rest_of_sum = sum_lanes(rest.student);
    if (rest_sum < 0x1p-100f && list.count() < r.classes()) {
      listed.rest_max = true;
      present = {};
      rest = r.template sum_exp<true>(present);
      rest_max = r.student_max;
      rest_sum = sum_lanes(rest.student);
      if (rest_max > -kInfinity) rest_of_sum = rest_sum * first_lane(r.scales.student(splat(rest_max - max)));
      r.student_max = r.teacher_max = max;
    }
    r.listed = nullptr;
    return hard;
  }

  // The constants of a renormalised teacher, and with kRenormaliseBoth those of the student.
  void find_renormalised_sums() {
    if (tail == kRenormaliseTeacher) {
      valid = valid && teacher_sum > 0;
      constants.inverse_sums = {splat(1 / teacher_sum), r.inverse_sums.student,
                                splat(log_sum - log_teacher_sum)};
      return;
    }
    V difference = {}, student = {};
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      V z = load(list.z + i), es = constants.student_exp(z), d0 = constants.log_ratio_of(z, load(list.l + i));
      store(es, q_of + i);
      store(d0, log_ratio_of + i);
      student += es;
      difference += excess(d0, es, load(teacher_exp + i));
    }
    float student_sum = sum_lanes(student);
    valid = valid && teacher_sum > 0 && student_sum > 0;
    constants.inverse_sums = inverse_sums(splat(sum_lanes(difference)), splat(student_sum), splat(teacher_sum));
  }

  TEMPER_INLINE Element<V> element_at(int i) const {
    return {load(p_of + i), load(q_of + i), load(difference_of + i), load(log_ratio_of + i)};
  }
  TEMPER_INLINE Element<V> compute_element(int i) {
    bool both = tail == kRenormaliseBoth;  // find_renormalised_sums() has stored a part of the element
    V d0 = both ? load(log_ratio_of + i) : constants.log_ratio_of(load(list.z + i), load(list.l + i));
    V es = load((both ? q_of : student_exp) + i);
    Element<V> e = element(d0, es, load(teacher_exp + i), constants.inverse_sums);
    store(e.p, p_of + i);
    store(e.q, q_of + i);
    store(e.difference, difference_of + i);
    store(e.log_ratio, log_ratio_of + i);
    return e;
  }

  // Computes the element of the bucket. Its p and q are sums. Their rounding errors exceed that of the subtraction
  // q - p, so that the series of element() would gain nothing. The gradient therefore does not wait for log_ratio.
  // The call comes before add_elements(), so that the processor can overlap the operations of both.
  void compute_bucket() {
    has_bucket = tail == kBucket && list.count() < r.classes();
    if (!has_bucket) return;
    float q = rest_of_sum * first_lane(r.inverse_sums.student), log_q = log_rest() - log_sum;
    float log_ratio = log_tail == log_q ? 0 : log_tail - log_q;  // -inf - (-inf) would be NaN
    bucket = {splat(tail_mass), splat(q), splat(q - tail_mass), splat(log_ratio)};
  }

  void add_elements() {
    if (tail == kTruncate) {
      V terms = {};
      for (int i = 0; i < list.padded_count(); i += kLanes) terms += list_term(compute_element(i));
      divergence = sum_lanes(terms);
      return;
    }
    V most = splat(-kInfinity), least = splat(kInfinity);  // log ratio
    for (int i = 0; i < list.padded_count(); i += kLanes) {
      Element<V> e = compute_element(i);
      most = max(most, e.log_ratio);
      least = min(least, e.log_ratio);
      policy.add(sums, e);
    }
    for (V& sum : sums) sum = splat(sum_lanes(sum));
    ListDefects<V> defects = {};
    if (has_bucket) {
      policy.add(sums, bucket);
      most = max(most, bucket.log_ratio);
      least = min(least, bucket.log_ratio);
      if (p.teacher_log_tail != nullptr) defects.excess = splat((teacher_mass - 1) + tail_mass);
      else defects.excess = splat(teacher_mass > 1 ? teacher_mass - 1 : 0);
    } else if (tail == kBucket) {
      defects.excess = splat(teacher_mass - 1);
    } else if (tail == kRenormaliseTeacher) {  // the student's mass on the rest
      defects.excess = splat(rest_of_sum) * constants.inverse_sums.student;
    }
    if (any(most > kLargest)) defects.student_lacks = splat(1.0f);
    if (any(least < -kLargest)) defects.teacher_lacks = splat(1.0f);
    policy.finish_elements(sums);
    correct_list(policy, sums, defects);
    divergence = first_lane(sums[0]);
    if constexpr (Policy::kInfiniteLimit) infinite = defects.teacher_lacks[0] > 0;
  }
};

}  // namespace
}  // namespace temper
