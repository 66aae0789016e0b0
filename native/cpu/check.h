// Validation of labels, row weights and row temperatures before anything is written.
#pragma once

#include "job.h"

namespace temper {

// Counts the rows that are not ignored. Returns false, with status and first bad row in the parameters, if a value is
// out of range.
bool check_rows(const LossJob& job);

}  // namespace temper
