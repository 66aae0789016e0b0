// The teacher's row for a row of the student, if the teacher is not given by logits of the student's classes. It is
// written to scratch memory as f32 logits (kernels/teacher/prepare.h).
#pragma once

#include "row_options.h"

#include "../../kernels/teacher/prepare.h"  // after math.h

namespace temper {
namespace {

struct PreparedRow {
  const LossJob& job;
  float* out;  // [classes], in whole vectors
  const LossParameters& p = job.parameters;
  bool is_flat = false;  // the teachers of a mixture are standardised, and all logits of one of them are equal
  bool bad_mass = false;

  // Writes the row. A row without a distribution consists of NaN.
  TEMPER_RARE void prepare(int64_t row, float temperature) {
    is_flat = bad_mass = false;
    if (p.teacher_form == kTeacherClassMap) select_columns(row);
    else if (p.teacher_form == kTeacherMixture) mix(row, temperature);
    else take_logarithms(row);
    if (bad_mass) fill(__builtin_nanf(""));
  }

  // The mass of the teacher on the columns that no class takes, at its temperature.
  TEMPER_RARE float unmapped_mass(int64_t row, double temperature) const {
    alignas(64) float buffer[kBlock];
    float largest = -kInfinity;
    double taken = 0, left = 0;
    Exponential exponential(temperature);
    for (int from = 0; from < p.teacher_columns; from += kBlock) {
      int n = block_length(from, p.teacher_columns);
      load_capped(job.teacher, row, from, n, p.teacher_softcap, buffer);
      float block = block_max(buffer, padded(n));
      if (block > largest) {
        double factor = first_lane(exponential(splat(largest - block)));
        taken *= factor;
        left *= factor;
        largest = block;
      }
      V sums[2] = {};
      for (int i = 0; i < n; i += kLanes) {
        V e = exponential(load(buffer + i) - shift_of(largest)), mask = {};
        for (int lane = 0; lane < kLanes && i + lane < n; lane++)
          mask[lane] = is_taken(p.columns_taken, from + i + lane) ? 1.0f : 0.0f;
        sums[0] += select(mask > 0.0f, e, V{});
        sums[1] += select(mask > 0.0f, V{}, e);
      }
      taken += sum_lanes(sums[0]);
      left += sum_lanes(sums[1]);
    }
    return (float)(left / (taken + left));
  }

 private:
  static int block_length(int from, int columns) { return columns - from < kBlock ? columns - from : kBlock; }

  void fill(float value) {
    for (int i = 0; i < p.classes; i += kLanes) store(splat(value), out + i);
  }

  // Loads a block of logits into the buffer, pads it with -inf, and applies the softcap.
  static void load_capped(const Matrix& matrix, int64_t row, int from, int n, float cap, float* buffer) {
    const float* in = load_block(matrix.dtype, address(matrix, row, from), n, -kInfinity, buffer);
    if (in != buffer) __builtin_memcpy(buffer, in, (unsigned)n * sizeof(float));
    if (cap > 0) softcap_block(buffer, padded(n), cap);
  }

  // Writes a row of log-probabilities, or the logarithms of a row of probabilities, and checks the mass of the row.
  void take_logarithms(int64_t row) {
    bool logs = p.teacher_form == kTeacherLogProbabilities;
    alignas(64) float buffer[kBlock];
    double sums[4] = {};
    for (int from = 0; from < p.classes; from += kBlock) {
      int n = block_length(from, p.classes);
      const float* in = load_block(job.teacher.dtype, address(job.teacher, row, from), n, logs ? -kInfinity : 0.0f,
                                   buffer);
      RowMass<V> mass;
      for (int i = 0; i < n; i += kLanes) {
        V x = load(in + i);
        if (logs) mass.add_log(x);
        else mass.add_probability(x);
        store(logs ? x : log_of_probability(x), out + from + i);
      }
      V block[4] = {mass.mass, mass.error, mass.non_finite, mass.negative};
      for (int k = 0; k < 4; k++) sums[k] += sum_lanes(block[k]);
    }
    bad_mass = has_bad_mass((float)sums[0], (float)sums[1], (float)sums[2], (float)sums[3], job.teacher.dtype, logs);
  }

  // Gathers the logits of the columns in the class map. Another thread may change the map after its check, so that each
  // column is checked again.
  template <int32_t dtype> void select_columns_of(const char* in) {
    constexpr int size = dtype == kF32 ? 4 : 2;
    constexpr uint32_t absent = dtype == kF32 ? 0xff800000u : dtype == kF16 ? 0xfc00u : 0xff80u;
    for (int i = 0; i < p.classes; i += kLanes) {
      alignas(64) char gathered[kLanes * 4];
      for (int lane = 0; lane < kLanes; lane++) {
        uint32_t bits = absent;
        int64_t column = i + lane < p.classes ? read_once<int32_t>(p.class_map, i + lane) : -1;
        if (column >= 0 && column < p.teacher_columns) __builtin_memcpy(&bits, in + column * size, size);
        __builtin_memcpy(gathered + lane * size, &bits, size);
      }
      store(decode<dtype>(gathered, 0), out + i);
    }
  }
  void select_columns(int64_t row) {
    const char* in = address(job.teacher, row, 0);
    if (job.teacher.dtype == kF32) select_columns_of<kF32>(in);
    else if (job.teacher.dtype == kF16) select_columns_of<kF16>(in);
    else select_columns_of<kBf16>(in);
  }

  // Writes the logarithms of a mixture of softmaxes.
  void mix(int64_t row, float temperature) {
    MixedSoftmax softmax[kMostMixed];
    bool valid = true;
    for (int m = 0; m < p.mixture_count; m++) valid &= measure(member(m), row, temperature, softmax[m]);
    if (!valid) return fill(__builtin_nanf(""));
    alignas(64) float buffer[kBlock], sums[kBlock];
    for (int from = 0; from < p.classes; from += kBlock) {
      int n = block_length(from, p.classes);
      for (int m = 0; m < p.mixture_count; m++) {
        load_capped(member(m), row, from, n, p.mixture_softcap, buffer);
        for (int i = 0; i < n; i += kLanes) {
          MixtureClass<V> c = {splat(-kInfinity), V{}};
          if (m > 0) c = {load(out + from + i), load(sums + i)};
          c.add(softmax[m].log_probability(load(buffer + i)), splat(p.mixture_weights[m]));
          store(c.high, out + from + i);
          store(c.sum, sums + i);
        }
      }
      for (int i = 0; i < n; i += kLanes)
        store(MixtureClass<V>{load(out + from + i), load(sums + i)}.log_probability(), out + from + i);
    }
  }

  Matrix member(int m) const {
    return {p.mixture_logits[m], p.mixture_strides[m], p.mixture_dtypes[m], p.classes};
  }

  // Finds the row constants of one teacher. Returns whether it has a softmax.
  bool measure(const Matrix& matrix, int64_t row, double temperature, MixedSoftmax& softmax) {
    alignas(64) float buffer[kBlock];
    auto for_blocks = [&](auto f) {
      for (int from = 0; from < p.classes; from += kBlock) {
        int n = block_length(from, p.classes);
        load_capped(matrix, row, from, n, p.mixture_softcap, buffer);
        f(padded(n));
      }
    };
    if (p.standardise != 0) {
      Standardisation moments;
      for_blocks([&](int n) { moments.add(buffer, n); });
      moments.finish_mean();
      for_blocks([&](int n) { moments.add_squares(buffer, n); });
      if (moments.is_spread()) temperature *= moments.divisor();
      else is_flat = true;
    }
    double inverse = 1 / temperature;
    softmax.inverse = (float)inverse;
    softmax.inverse_rest = (float)(inverse - softmax.inverse);
    softmax.maximum = -kInfinity;
    for_blocks([&](int n) {
      float block = block_max(buffer, n);
      softmax.maximum = block > softmax.maximum ? block : softmax.maximum;
    });
    double total = 0;
    for_blocks([&](int n) {
      V sum = {};
      for (int i = 0; i < n; i += kLanes) sum += exp2(softmax.exponent(load(buffer + i)) * kLog2E);
      total += sum_lanes(sum);
    });
    bool valid = total > 0 && total < kInfinity;
    softmax.log_sum = valid ? first_lane(log(splat((float)total))) : 0;
    return valid;
  }
};

}  // namespace
}  // namespace temper
