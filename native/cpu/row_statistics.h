// The statistics that a forward pass saves for a later backward pass, for a single row or for a lane of a tile.
#pragma once

#include "row_gradient.h"
#include "short_rows.h"

namespace temper {
namespace {

template <class Policy, bool soft> void save(const Row<Policy, soft>& row, UnalignedFloat* statistics) {
  statistics[kStudentShift] = shift_of(row.student_max);
  statistics[kStudentInverseSum] = first_lane(row.inverse_sums.student);
  statistics[kTeacherShift] = shift_of(row.teacher_max);
  statistics[kTeacherInverseSum] = first_lane(row.inverse_sums.teacher);
  statistics[kHardInverseSum] = row.hard_inverse_sum;
  statistics[kLogSumRatio] = first_lane(row.inverse_sums.log_ratio);
  statistics[kLogSumRatioBefore] = first_lane(row.log_sum_ratio);
  statistics[kLogSumExp] = row.log_sum_exp;
  statistics[kPresentClasses] = row.present_classes;
  statistics[kLabelProbability] = row.label_probability;
  statistics[kPath] = (float)(int)row.path;
  for (int i = 0; i < kMostPolicySums; i++)
    statistics[kPolicySums + i] = i < Policy::kSums ? first_lane(row.sums[i < Policy::kSums ? i : 0]) : 0.0f;
}

template <class Policy, bool soft> void restore(Row<Policy, soft>& row, const UnalignedFloat* statistics) {
  static_assert(Policy::kSums <= kMostPolicySums, "a row has columns for kMostPolicySums");
  row.student_max = statistics[kStudentShift];
  row.teacher_max = statistics[kTeacherShift];
  row.inverse_sums.student = splat(statistics[kStudentInverseSum]);
  row.inverse_sums.teacher = splat(statistics[kTeacherInverseSum]);
  row.inverse_sums.log_ratio = splat(statistics[kLogSumRatio]);
  row.log_sum_ratio = splat(statistics[kLogSumRatioBefore]);
  row.hard_inverse_sum = statistics[kHardInverseSum];
  row.log_sum_exp = statistics[kLogSumExp];
  row.present_classes = statistics[kPresentClasses];
  row.label_probability = statistics[kLabelProbability];
  row.path = (RowPath)(int)statistics[kPath];
  for (int i = 0; i < Policy::kSums; i++) row.sums[i] = splat(statistics[kPolicySums + i]);
}

// Saves a row of a tile, which is on the fast path.
template <class Policy> void save_lane(const TileResults<Policy>& results, int lane, UnalignedFloat* statistics) {
  __builtin_memset(statistics, 0, kRowStatistics * sizeof(float));
  statistics[kStudentShift] = results.student_max[lane];
  statistics[kStudentInverseSum] = results.student_inverse_sum[lane];
  statistics[kTeacherShift] = results.teacher_max[lane];
  statistics[kTeacherInverseSum] = results.teacher_inverse_sum[lane];
  statistics[kHardInverseSum] = results.hard_inverse_sum[lane];
  statistics[kLogSumRatio] = results.log_ratio[lane];
  for (int i = 0; i < Policy::kSums; i++) statistics[kPolicySums + i] = results.sums[i][lane];
}

}  // namespace
}  // namespace temper
