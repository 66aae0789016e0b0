// Functions for a row whose sums leave out the label's class.
#pragma once

#include "partial.h"

namespace temper {
namespace {

// Whether a tensor has a softmax, from the sum of its exponentials without the label and from the label's logit.
TEMPER_INLINE bool is_valid_with_label(float sum, float label) {
  return sum >= 0 && sum < kInfinity && label < kInfinity && (sum > 0 || label > -kInfinity);
}

// The log-odds of the label in one tensor (LabelOdds). A finite logit gives finite odds.
TEMPER_INLINE V label_odds(float logit, float largest, V unit, float sum) {
  V exponent = (splat(logit) - largest) * unit, limit = splat(kLargest);
  if (logit > -kInfinity) exponent = min(max(exponent, -limit), limit);
  return sum > 0 ? exponent - log(splat(sum)) : splat(kInfinity);
}

TEMPER_INLINE LabelOdds<V> label_odds(const RowScales& scales, float z, float u, float student_max, float teacher_max,
                                      float student_sum, float teacher_sum) {
  LabelOdds<V> odds;
  odds.student = label_odds(z, student_max, scales.unit, student_sum);
  odds.teacher = label_odds(u, teacher_max, scales.unit * scales.teacher_unit, teacher_sum);
  odds.difference = odds.teacher - odds.student;
  return odds;
}

}  // namespace
}  // namespace temper
