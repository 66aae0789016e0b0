// The values of one row whose teacher is given by a list, by members of ListRow.
#pragma once

#include "list_row.h"

namespace temper {
namespace {

// Sums the rest relative to the maximum of the row. If the rest is so far below that its exponentials could be 0, a
// second loop sums it relative to its own maximum. Returns the hard part's sum, relative to the maximum of the row.
template <class Policy> inline V ListRow<Policy>::read_rest(PresentClasses& present) {
  r.listed = &listed;
  RestSums rest = sum_rest(r, present);
  r.student_max = r.teacher_max = rest_max = rest.max;
  rest_sum = rest_of_sum = sum_lanes(rest.student);
  V hard = rest.hard;
  if (rest_sum < 0x1p-100f && list.count() < r.classes()) {
    listed.rest_max = true;
    present = {};
    rest = sum_rest(r, present);
    rest_max = rest.max;
    rest_sum = sum_lanes(rest.student);
    if (rest_max > -kInfinity) rest_of_sum = rest_sum * first_lane(r.scales.student(splat(rest_max - r.student_max)));
  }
  r.listed = nullptr;
  return hard;
}

// The part of the row that does not depend on the student.
template <class Policy> inline void ListRow<Policy>::read_teacher() {
  constants.shift.max_teacher = splat(renormalised ? shift_of(max_of(list.l)) : 0.0f);
  const ListConstants<V> c = constants;
  const float *l = list.l, *weights = p.teacher_weights != 0 ? list.slots.values : nullptr;
  V sum = {};
  for (int i = 0, n = list.padded_count(); i < n; i += kLanes) {
    V e = weights != nullptr ? load(weights + i) : c.teacher_exp(load(l + i));
    store(e, teacher_exp + i);
    sum += e;
  }
  teacher_sum = teacher_mass = sum_lanes(sum);
  if (renormalised && r.job.row_teacher_mass != nullptr) teacher_mass = mass_of_list();
  if (tail != kBucket) return;
  if (p.teacher_log_tail != nullptr) {
    log_tail = read_float_once(p.teacher_log_tail, r.row);
    tail_mass = first_lane(constants.teacher_exp(splat(log_tail)));
  } else if (teacher_mass < 1) {
    tail_mass = 1 - teacher_mass;
  }
}

template <class Policy> TEMPER_RARE float ListRow<Policy>::mass_of_list() const {
  V mass = {};
  for (int i = 0; i < list.padded_count(); i += kLanes) mass += exp2(load(list.l + i) * kLog2E);
  return sum_lanes(mass);
}

// Completes the sums of the student and the hard part.
template <class Policy> inline void ListRow<Policy>::add_listed(PresentClasses& present, V rest_hard) {
  float max = r.student_max;
  constants.shift.max_student = splat(shift_of(tail == kRenormaliseBoth ? max_of(list.z) : max));
  V listed_sums = {}, listed_hard = {};
  with_hard_exp(r.hard, [&](auto tag) {
    constexpr HardExp hard = decltype(tag)::kValue;
    const Exponential tempered = r.scales.student, untempered = r.scales.untempered;
    float shift = shift_of(max);
    V sums = {}, hard_sums = {};
    for (int i = 0, n = list.padded_count(); i < n; i += kLanes) {
      V s = load(list.z + i) - shift, es = tempered(s);
      store(es, student_exp + i);
      sums += es;
      if constexpr (hard == HardExp::kSeparate) hard_sums += untempered(s);
      else if constexpr (hard != HardExp::kNone) hard_sums += hard_exp<hard>(es, nullptr);
    }
    listed_sums = sums;
    listed_hard = hard_sums;
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

// The constants of a renormalised teacher, and with kRenormaliseBoth those of the student.
template <class Policy> inline void ListRow<Policy>::find_renormalised_sums() {
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

// Computes the element of the bucket. Its p and q are sums. Their rounding errors exceed that of the subtraction
// q - p, so that the series of element() would gain nothing. The gradient therefore does not wait for log_ratio.
// The call comes before add_elements(), so that the processor can overlap the operations of both.
template <class Policy> inline void ListRow<Policy>::compute_bucket() {
  has_bucket = tail == kBucket && list.count() < r.classes();
  if (!has_bucket) return;
  float q = rest_of_sum * first_lane(r.inverse_sums.student), log_q = log_rest() - log_sum;
  float log_ratio = log_tail == log_q ? 0 : log_tail - log_q;  // -inf - (-inf) would be NaN
  bucket = {splat(tail_mass), splat(q), splat(q - tail_mass), splat(log_ratio)};
}

template <class Policy> inline void ListRow<Policy>::add_elements() {
  if (tail == kTruncate) {
    V terms = {};
    compute_elements([&](const Element<V>& e) { terms += list_term(e); });
    divergence = sum_lanes(terms);
    return;
  }
  V most = splat(-kInfinity), least = splat(kInfinity);  // log ratio
  V added[Policy::kSums] = {};
  compute_elements([&](const Element<V>& e) {
    most = max(most, e.log_ratio);
    least = min(least, e.log_ratio);
    policy.add(added, e);
  });
  for (int k = 0; k < Policy::kSums; k++) sums[k] = splat(sum_lanes(added[k]));
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

// The entropies of the distributions that are compared.
template <class Policy> TEMPER_RARE void ListRow<Policy>::evaluate_entropies() {
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

}  // namespace
}  // namespace temper
