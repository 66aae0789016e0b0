// Label, weight, temperature and teacher's row of a row.
#pragma once

#include "load_store.h"
#include "read_once.h"

namespace temper {
namespace {

// Another thread may change labels, weights, temperatures and row indices after check_rows(), and a changed label or
// index may lie outside its range. Each value is therefore read once, and RowTask::of() checks and keeps what was read.
TEMPER_INLINE RowTask load_row_task(const LossJob& job, int64_t row) {
  const LossParameters& p = job.parameters;
  float weight = job.row_weights ? read_float_once(job.row_weights, row) : 1.0f;
  float temperature = job.row_temperatures ? read_float_once(job.row_temperatures, row) : p.temperature;
  RowTask task = RowTask::of(p, read_label(p, row), weight, temperature);
  if (p.teacher_row_index) task.select_teacher_row(p, read_once<int32_t>(p.teacher_row_index, row));
  return task;
}

// The temperature of the soft part, or 1 for a loss without a soft part.
TEMPER_INLINE float soft_temperature(const LossJob& job, const RowTask& task) {
  return job.soft() ? task.temperature : 1.0f;
}

}  // namespace
}  // namespace temper
