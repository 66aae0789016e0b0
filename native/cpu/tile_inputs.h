// Labels, weights and temperatures of a tile's rows, and the factors that follow from them.
#pragma once

#include "row_blocks.h"
#include "row_inputs.h"

namespace temper {
namespace {

struct TileInputs {
  // Values as they were read. row_temperature is set only if the rows have temperatures of their own.
  alignas(64) int64_t row_label[kLanes];
  alignas(64) float weight[kLanes], row_temperature[kLanes];
  // All ones, or 0 if the row is invalid, ignored or of weight 0. The arrays after this one are meaningless in such
  // lanes.
  alignas(64) int counted[kLanes];
  alignas(64) int label[kLanes];
  alignas(64) float soft_scale[kLanes], hard_scale[kLanes], inverse_temperature[kLanes];
  double value_factor[kLanes];
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
TEMPER_INLINE I load_tile_labels(const LossJob& job, int64_t first, int rows, TileInputs& inputs) {
  const LossParameters& p = *job.parameters;
  if (p.label_bytes == 8) {
    read_lanes_once(job.labels, first, rows, inputs.row_label);
  } else {
    alignas(64) int32_t narrow[kLanes];
    read_lanes_once(job.labels, first, rows, narrow);
    for (int lane = 0; lane < kLanes; lane++) inputs.row_label[lane] = narrow[lane];
  }
  // Labels of half a tile fill a vector.
  typedef int64_t Longs __attribute__((vector_size(4 * kLanes)));
  typedef int Ints __attribute__((vector_size(2 * kLanes)));
  alignas(64) int counted[kLanes];
  for (int half = 0; half < kLanes; half += kLanes / 2) {
    Longs label;
    __builtin_memcpy(&label, inputs.row_label + half, sizeof label);
    Ints ok = __builtin_convertvector((label >= 0) & (label < p.classes) & (label != p.ignore_index), Ints);
    Ints narrow = __builtin_convertvector(label, Ints);
    __builtin_memcpy(counted + half, &ok, sizeof ok);
    __builtin_memcpy(inputs.label + half, &narrow, sizeof narrow);
  }
  I result;
  __builtin_memcpy(&result, counted, sizeof result);
  return result;
}

TEMPER_INLINE double lane_temperature(const LossJob& job, const TileInputs& inputs, int lane) {
  return job.row_temperatures ? inputs.row_temperature[lane] : job.parameters->temperature;
}

// Sets what depends on the temperature in lanes [first, last).
TEMPER_INLINE void set_temperature(const LossParameters& p, double temperature, int first, int last, TileInputs& inputs,
                                   Exponential& tempered) {
  Exponential own(temperature);
  for (int lane = first; lane < last; lane++) {
    inputs.value_factor[lane] = value_factor(p, temperature);
    inputs.inverse_temperature[lane] = (float)(1 / temperature);
    tempered.c[lane] = own.c[0];
    tempered.lowest[lane] = own.lowest[0];
  }
}

TEMPER_INLINE void set_gradient_factors(GradientFactors factors, int first, int last, TileInputs& inputs) {
  for (int lane = first; lane < last; lane++) {
    inputs.soft_scale[lane] = factors.soft;
    inputs.hard_scale[lane] = factors.hard;
  }
}

void load_tile_inputs(const LossJob& job, int64_t first, int rows, TileInputs& inputs, Exponential& tempered) {
  const LossParameters& p = *job.parameters;
  I counted = {};
  counted = ~counted;
  if (job.labels) {
    counted = load_tile_labels(job, first, rows, inputs);
  } else {
    __builtin_memset(inputs.row_label, 0, sizeof inputs.row_label);
    __builtin_memset(inputs.label, 0, sizeof inputs.label);
  }
  if (job.row_weights) read_lanes_once(job.row_weights, first, rows, inputs.weight);
  else store(splat(1.0f), inputs.weight);
  V weight = load(inputs.weight);
  counted &= (weight > 0.0f) & (weight < kInfinity);
  if (job.row_temperatures) {
    read_lanes_once(job.row_temperatures, first, rows, inputs.row_temperature);
    V temperature = load(inputs.row_temperature);
    counted &= (temperature > 0.0f) & (temperature < kInfinity);
  }
  __builtin_memcpy(inputs.counted, &counted, sizeof counted);
  // Values that all rows share are computed once.
  bool own_temperatures = job.row_temperatures, own_factors = own_temperatures || job.row_weights;
  for (int lane = 0; lane < (own_temperatures ? kLanes : 1); lane++) {
    double temperature = used_temperature(p, lane_temperature(job, inputs, lane));
    set_temperature(p, temperature, lane, own_temperatures ? lane + 1 : kLanes, inputs, tempered);
  }
  for (int lane = 0; lane < (own_factors ? kLanes : 1); lane++) {
    double temperature = used_temperature(p, lane_temperature(job, inputs, lane));
    GradientFactors factors = gradient_factors(job, temperature, inputs.weight[lane]);
    set_gradient_factors(factors, lane, own_factors ? lane + 1 : kLanes, inputs);
  }
}

// The inputs of one lane, for the code that computes single rows.
TEMPER_INLINE RowInputs lane_inputs(const LossJob& job, const TileInputs& inputs, int lane) {
  return check_row_inputs(job, inputs.row_label[lane], inputs.weight[lane], lane_temperature(job, inputs, lane));
}

}  // namespace
}  // namespace temper
