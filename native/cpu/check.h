// Validation of labels, row weights, row temperatures and denominators before anything is written.
#pragma once

#include "job.h"

namespace temper {

// Counts the labelled rows and finds the first row of each kind of invalid value. Bits of `bad_denominators` are those
// of BatchTotals.
BatchStatus check_rows(const LossParameters& p, int64_t& bad_denominators);

}  // namespace temper
