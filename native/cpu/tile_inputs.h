// Labels, weights and temperatures of a tile's rows, and the factors that follow from them.
#pragma once

#include "partial.h"
#include "row_inputs.h"

namespace temper {
namespace {

struct TileInputs {
  // The values in the caller's memory, read once.
  alignas(64) int64_t row_label[kLanes];
  alignas(64) float weight[kLanes], temperature[kLanes];
  // All ones, or 0 if the row is invalid, has weight 0, or has no label although the loss has labels. In a lane of 0,
  // the arrays below have no meaning.
  alignas(64) int eligible[kLanes];
  alignas(64) int label[kLanes];
  alignas(64) float soft_scale[kLanes], hard_scale[kLanes], inverse_temperature[kLanes], value_factor[kLanes];
};

// Reads kLanes values once, as read_once does. Lanes beyond `rows` repeat the last row.
template <class T> TEMPER_INLINE void read_lanes_once(const void* array, int64_t first, int rows, T (&out)[kLanes]) {
  const char* in = (const char*)array + first * (int64_t)sizeof(T);
  if (rows == kLanes) {
    __builtin_memcpy(out, in, sizeof out);
  } else {
    for (int i = 0; i < kLanes; i++)
      __builtin_memcpy(out + i, in + (i < rows ? i : rows - 1) * (int64_t)sizeof(T), sizeof(T));
  }
  __asm__ volatile("" : "+m"(out));
}

// Loads row_label and label. Returns all ones in lanes whose label is a class that is not ignored.
TEMPER_INLINE I load_tile_labels(const LossParameters& p, int64_t first, int rows, TileInputs& inputs) {
  if (p.label_bytes == 8) {
    read_lanes_once(p.labels, first, rows, inputs.row_label);
  } else {
    alignas(64) int32_t narrow[kLanes];
    read_lanes_once(p.labels, first, rows, narrow);
    for (int lane = 0; lane < kLanes; lane++) inputs.row_label[lane] = narrow[lane];
  }
  // Labels of half a tile fill a vector.
  typedef int64_t Longs __attribute__((vector_size(4 * kLanes)));
  typedef int Ints __attribute__((vector_size(2 * kLanes)));
  alignas(64) int labelled[kLanes];
  for (int half = 0; half < kLanes; half += kLanes / 2) {
    Longs label;
    __builtin_memcpy(&label, inputs.row_label + half, sizeof label);
    Ints ok = __builtin_convertvector((label >= 0) & (label < p.classes) & (label != p.ignore_index), Ints);
    Ints narrow = __builtin_convertvector(label, Ints);
    __builtin_memcpy(labelled + half, &ok, sizeof ok);
    __builtin_memcpy(inputs.label + half, &narrow, sizeof narrow);
  }
  I result;
  __builtin_memcpy(&result, labelled, sizeof result);
  return result;
}

// Sets the factors of lanes [first, last), which have one weight and one temperature.
TEMPER_INLINE void set_factors(const LossJob& job, int first, int last, TileInputs& inputs, Exponential& tempered) {
  const LossParameters& p = job.parameters;
  RowTask task;
  task.label = 0;
  task.weight = inputs.weight[first];
  task.temperature = inputs.temperature[first];
  GradientFactors factors = job.factors.of_row(p, task);
  float temperature = soft_temperature(job, task);
  Exponential own(temperature);
  for (int lane = first; lane < last; lane++) {
    inputs.soft_scale[lane] = factors.soft;
    inputs.hard_scale[lane] = factors.hard;
    inputs.value_factor[lane] = value_factor(p, task.temperature);
    inputs.inverse_temperature[lane] = 1 / temperature;
    tempered.c[lane] = own.c[0];
    tempered.lowest[lane] = own.lowest[0];
  }
}

void load_tile_inputs(const LossJob& job, int64_t first, int rows, TileInputs& inputs, Exponential& tempered) {
  const LossParameters& p = job.parameters;
  I eligible = {};
  eligible = ~eligible;
  if (p.labels != nullptr) {
    eligible = load_tile_labels(p, first, rows, inputs);
  } else {
    __builtin_memset(inputs.row_label, 0, sizeof inputs.row_label);
    __builtin_memset(inputs.label, 0, sizeof inputs.label);
  }
  if (job.row_weights) read_lanes_once(job.row_weights, first, rows, inputs.weight);
  else store(splat(1.0f), inputs.weight);
  if (job.row_temperatures) read_lanes_once(job.row_temperatures, first, rows, inputs.temperature);
  else store(splat(p.temperature), inputs.temperature);
  V weight = load(inputs.weight), temperature = load(inputs.temperature);
  eligible &= (abs(weight) <= kLargest) & (weight != 0.0f);
  eligible &= (temperature >= kMinTemperature) & (temperature <= kMaxTemperature);
  __builtin_memcpy(inputs.eligible, &eligible, sizeof eligible);
  // Factors that all rows share are computed once.
  bool rows_differ = job.row_temperatures || job.row_weights;
  for (int lane = 0; lane < (rows_differ ? kLanes : 1); lane++)
    set_factors(job, lane, rows_differ ? lane + 1 : kLanes, inputs, tempered);
}

// The task of one lane, for the code that computes single rows.
TEMPER_INLINE RowTask lane_task(const LossJob& job, const TileInputs& inputs, int lane) {
  return RowTask::of(job.parameters, inputs.row_label[lane], inputs.weight[lane], inputs.temperature[lane]);
}

}  // namespace
}  // namespace temper
