// The statistics that a forward pass saves for a later backward pass, from a single row or from a lane of a tile.
#pragma once

#include "short_rows.h"

namespace temper {
namespace {

template <class Policy, bool soft, HardExp hard>
void save(const Row<Policy, soft, hard>& row, UnalignedFloat* statistics) {
  statistics[kStudentShift] = shift_of(row.student_max);
  statistics[kStudentInverseSum] = first_lane(row.inverse_sums.student);
  statistics[kTeacherShift] = shift_of(row.teacher_max);
  statistics[kTeacherInverseSum] = first_lane(row.inverse_sums.teacher);
  statistics[kHardInverseSum] = row.hard_inverse_sum;
  statistics[kLogSumRatio] = first_lane(row.inverse_sums.log_ratio);
  statistics[kPolicySum] = first_lane(row.sums[Policy::kSums - 1]);
  statistics[kPath] = row.near_equal ? 1.0f : 0.0f;
}

template <class Policy, bool soft, HardExp hard>
void restore(Row<Policy, soft, hard>& row, const UnalignedFloat* statistics) {
  row.student_max = statistics[kStudentShift];
  row.teacher_max = statistics[kTeacherShift];
  row.inverse_sums.student = splat(statistics[kStudentInverseSum]);
  row.inverse_sums.teacher = splat(statistics[kTeacherInverseSum]);
  row.inverse_sums.log_ratio = splat(statistics[kLogSumRatio]);
  row.hard_inverse_sum = statistics[kHardInverseSum];
  row.sums[Policy::kSums - 1] = splat(statistics[kPolicySum]);
  row.near_equal = statistics[kPath] != 0.0f;
}

// Rows that a tile computed are on the fast path.
void save_lane(const TileResults& results, int lane, UnalignedFloat* statistics) {
  __builtin_memset(statistics, 0, kStatistics * sizeof(float));
  statistics[kStudentShift] = results.student_max[lane];
  statistics[kStudentInverseSum] = results.student_inverse_sum[lane];
  statistics[kTeacherShift] = results.teacher_max[lane];
  statistics[kTeacherInverseSum] = results.teacher_inverse_sum[lane];
  statistics[kHardInverseSum] = results.hard_inverse_sum[lane];
  statistics[kLogSumRatio] = results.log_ratio[lane];
  statistics[kPolicySum] = results.policy_sum[lane];
}

}  // namespace
}  // namespace temper
