// Softmax, log-softmax at a temperature with its backward, and argmax: the same teams and residences as the loss.
#pragma once

#include "residence.cuh"
#include "row_sums.cuh"
#include "team.cuh"

namespace temper {

enum class Primitive { kSoftmax, kLogSoftmax, kLogSoftmaxBackward, kArgmax };

template <class Spec> struct PrimitiveRow {
  using Team = typename Spec::Team;
  static constexpr bool kBackward = Spec::kPrimitive == Primitive::kLogSoftmaxBackward;
  using R = Grouping<typename Spec::Input, typename Spec::Upstream, kBackward, true>;
  using G = typename R::G;
  using Resident = typename Spec::Residence::template Of<R, Team>;
  static constexpr int K = R::K;

  Team& team;
  const R& row;
  Resident& resident;
  float inverse_temperature;
  float scale = inverse_temperature * kLog2E;

  // exp((z - shift)/T) summed; the maximum is taken along with the sum.
  float maximum = -infinity(), shift = 0, sum = 0, upstream_sum = 0;

  __device__ __forceinline__ void raise(float new_maximum) {
    float rise = maximum == -infinity() ? 0.0f : shift_of(new_maximum) - shift;
    sum *= exp2(-rise * scale);
    maximum = new_maximum;
    shift = shift_of(new_maximum);
  }

  __device__ __forceinline__ void sweep_sums() {
    resident.for_each(row, team, [&](const G& group, int, bool) {
      float x[K];
      group.student.unpack(x);
      float top = maximum;
#pragma unroll
      for (int k = 0; k < K; k++) top = max(top, x[k]);
      if (top > maximum) raise(top);
#pragma unroll
      for (int k = 0; k < K; k++) sum += exp2((x[k] - shift) * scale);
      if constexpr (kBackward) {
        float g[K];
        group.teacher.unpack(g);
#pragma unroll
        for (int k = 0; k < K; k++) upstream_sum += g[k];
      }
    });
    float top[1] = {maximum};
    team.template reduce<Max>(top);
    raise(top[0]);
    float sums[2] = {sum, upstream_sum};
    team.template reduce<Sum>(sums);
    sum = sound(sums[0]) ? sums[0] : not_a_number();
    upstream_sum = sums[1];
  }

  template <class View> __device__ __forceinline__ void sweep_output(const View& output) {
    float inverse = 1.0f / sum, log_sum = log(sum);
    resident.for_each(row, team, [&](const G& group, int number, bool) {
      float x[K], y[K];
      group.student.unpack(x);
      float g[K] = {};
      if constexpr (kBackward) group.teacher.unpack(g);
#pragma unroll
      for (int k = 0; k < K; k++) {
        float shifted = x[k] - shift;
        if constexpr (Spec::kPrimitive == Primitive::kLogSoftmax)
          y[k] = shifted * inverse_temperature - log_sum;
        else if constexpr (kBackward)
          y[k] = (g[k] - exp2(shifted * scale) * inverse * upstream_sum) * inverse_temperature;
        else
          y[k] = exp2(shifted * scale) * inverse;
      }
      output.store(View::P::of(y), number);
    });
  }

  // The first NaN, else the first of the largest; 0 where all are -inf. Column numbers are exact as floats below 2^24.
  __device__ __forceinline__ int argmax() {
    constexpr float kNone = -kLargest;   // column numbers are negated: the largest is the first
    float first_nan = kNone, first_best = kNone;
    resident.for_each(row, team, [&](const G& group, int number, bool) {
      int column = row.column(number);
      float x[K];
      group.student.unpack(x);
#pragma unroll
      for (int k = 0; k < K; k++) {
        if (x[k] != x[k] && first_nan == kNone) first_nan = -float(column + k);
        if (x[k] > maximum) {
          maximum = x[k];
          first_best = -float(column + k);
        }
      }
    });
    float found[2] = {maximum, first_nan};
    team.template reduce<Max>(found);
    float first[1] = {maximum == found[0] ? first_best : kNone};
    team.template reduce<Max>(first);
    if (found[1] != kNone) return int(-found[1]);
    return first[0] == kNone ? 0 : int(-first[0]);
  }
};

template <class Spec> __device__ __forceinline__ void primitive_rows(const PrimitiveParameters& p) {
  using Team = typename Spec::Team;
  using Row = PrimitiveRow<Spec>;
  using R = typename Row::R;
  using OutputView = RowView<typename Spec::Output, Row::K>;
  Team team;
  team.begin();
  typename Row::Resident resident(team, p.classes);
  for (int64_t i = team.first_row(); i < p.rows; i += team.row_step()) {
    R row(p.input, i * p.input_stride, p.upstream, i * p.upstream_stride, p.classes);
    resident.start(row, team);
    if (i == team.first_row()) team.meet();
    resident.wait();
    Row primitive{team, row, resident, 1.0f / p.temperature};
    if constexpr (Spec::kPrimitive == Primitive::kArgmax) {
      int best = primitive.argmax();
      if (team.index == 0) {
        if (p.index_bytes == 8)
          static_cast<int64_t*>(p.output)[i] = best;
        else
          static_cast<int32_t*>(p.output)[i] = best;
      }
    } else {
      OutputView output(p.output, i * p.output_stride, row.overhang, p.classes);
      OutputView padded_output(p.output, i * p.output_stride, row.overhang, p.output_width);
      primitive.sweep_sums();
      primitive.sweep_output(output);
      store_zeros(padded_output, team, p.classes);
    }
  }
}

}  // namespace temper
