// Label, weight and temperature of one row.
#pragma once

#include "load_store.h"
#include "read_once.h"

namespace temper {
namespace {

enum class RowState {
  kCounted,
  kSkipped,  // the label is ignored, or no part of the loss has a weight
  kInvalid   // a value became invalid after check_rows
};

struct RowInputs {
  int64_t label;  // in [0, classes); 0 if the row is not counted or the loss has no labels
  double temperature;
  float weight;
  RowState state;
};

// Another thread may change labels, weights and temperatures after check_rows, and a label that is used without a check may
// lie outside the row. Each value is therefore read once, here, and checked again. Code that needs it gets it from RowInputs.
TEMPER_INLINE RowInputs load_row_inputs(const LossJob& job, int64_t row) {
  const LossParameters& p = *job.parameters;
  RowInputs inputs = {0, p.temperature, 1.0f, RowState::kCounted};
  bool valid = true, skipped = !(p.soft_weight > 0 || p.hard_weight > 0);
  if (job.labels) {
    bool wide = p.label_bytes == 8;
    int64_t label = wide ? read_once<int64_t>(job.labels, row) : read_once<int32_t>(job.labels, row);
    bool ignored = label == p.ignore_index, in_range = label >= 0 && label < p.classes;
    valid = ignored || in_range;
    skipped |= ignored;
    inputs.label = in_range && !ignored ? label : 0;
  }
  if (job.row_weights) {
    inputs.weight = read_float_once(job.row_weights, row);
    valid &= inputs.weight >= 0 && inputs.weight < kInfinity;
  }
  if (job.row_temperatures) {
    inputs.temperature = read_float_once(job.row_temperatures, row);
    valid &= inputs.temperature > 0 && inputs.temperature < kInfinity;
  }
  if (!(p.soft_weight > 0)) inputs.temperature = 1;  // the hard part has no temperature
  inputs.state = !valid ? RowState::kInvalid : skipped ? RowState::kSkipped : RowState::kCounted;
  return inputs;
}

}  // namespace
}  // namespace temper
