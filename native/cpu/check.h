// The look at labels, row weights and row temperatures before anything is written.
#pragma once

#include "job.h"

namespace temper {

// Counts the rows and names the first bad one; false if there is one.
bool check_rows(const LossJob& job);

}  // namespace temper
