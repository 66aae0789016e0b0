// Softmax, log-softmax with its backward pass, and argmax, with the thread groups and row storage of the loss.
#pragma once

#include "row/exponentials.cuh"
#include "row/shared_storage.cuh"
#include "row/storage.cuh"
#include "row/thread_group.cuh"

namespace temper {

enum class Primitive { kSoftmax, kLogSoftmax, kLogSoftmaxBackward, kArgmax };

template <class Spec> struct PrimitiveRow {
  using ThreadGroup = typename Spec::ThreadGroup;
  static constexpr bool kBackward = Spec::kPrimitive == Primitive::kLogSoftmaxBackward;
  using Row = VectorisedRow<typename Spec::Input, typename Spec::Upstream, kBackward, true>;
  using Pair = typename Row::Pair;
  using Storage = typename Spec::Storage::template Instance<Row, ThreadGroup>;
  static constexpr int K = Row::K;

  ThreadGroup& group;
  const Row& row;
  Storage& storage;
  float inverse_temperature;
  float scale = inverse_temperature * kLog2E;

  // Online softmax: sum = sum exp((z - shift)/T), rescaled when the maximum rises.
  float maximum = -infinity(), shift = 0, sum = 0, upstream_sum = 0;

  __device__ __forceinline__ void rescale(float new_maximum) {
    float rise = maximum == -infinity() ? 0.0f : shift_of(new_maximum) - shift;
    sum *= exp2(-rise * scale);
    maximum = new_maximum;
    shift = shift_of(new_maximum);
  }

  __device__ __forceinline__ void sum_sweep() {
    storage.for_each(row, group, [&](const Pair& pair, int) {
      float x[K];
      pair.student.unpack(x);
      float top = maximum;
#pragma unroll
      for (int k = 0; k < K; k++) top = max(top, x[k]);
      if (top > maximum) rescale(top);
#pragma unroll
      for (int k = 0; k < K; k++) sum += exp2((x[k] - shift) * scale);
      if constexpr (kBackward) {
        float g[K];
        pair.teacher.unpack(g);
#pragma unroll
        for (int k = 0; k < K; k++) upstream_sum += g[k];
      }
    });
    float top[1] = {maximum};
    group.template reduce<Max>(top);
    rescale(top[0]);
    float sums[2] = {sum, upstream_sum};
    group.template reduce<Sum>(sums);
    sum = is_valid(sums[0]) ? sums[0] : not_a_number();
    upstream_sum = sums[1];
  }

  template <class View> __device__ __forceinline__ void output_sweep(const View& output) {
    float inverse = 1.0f / sum, log_sum = log(sum);
    storage.for_each(row, group, [&](const Pair& pair, int vector) {
      float x[K], y[K];
      pair.student.unpack(x);
      float g[K] = {};
      if constexpr (kBackward) pair.teacher.unpack(g);
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
      output.store(View::Vector::pack(y), vector);
    });
  }

  // Column of the first NaN, or else of the first largest logit; 0 if all logits are -inf. Columns are reduced as
  // negated floats, so that the maximum is the first column; integers below 2^24 are exact in f32.
  __device__ __forceinline__ int argmax() {
    constexpr float kNone = -kLargest;
    float first_nan = kNone, first_best = kNone;
    storage.for_each(row, group, [&](const Pair& pair, int vector) {
      int column = row.column(vector);
      float x[K];
      pair.student.unpack(x);
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
    group.template reduce<Max>(found);
    float first[1] = {maximum == found[0] ? first_best : kNone};
    group.template reduce<Max>(first);
    if (found[1] != kNone) return int(-found[1]);
    return first[0] == kNone ? 0 : int(-first[0]);
  }
};

template <class Spec> __device__ __forceinline__ void primitive_rows(const PrimitiveParameters& p) {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Primitives = PrimitiveRow<Spec>;
  using Row = typename Primitives::Row;
  using OutputView = RowView<typename Spec::Output, Row::K>;
  ThreadGroup group;
  group.begin();
  typename Primitives::Storage storage;
  for (int64_t i = group.first_row(); i < p.rows; i += group.row_step()) {
    Row row(p.input, i * p.input_stride, p.upstream, i * p.upstream_stride, p.classes);
    storage.load(row, group);
    if (i == group.first_row()) group.wait_for_cluster();
    storage.wait();
    Primitives primitive{group, row, storage, 1.0f / p.temperature};
    if constexpr (Spec::kPrimitive == Primitive::kArgmax) {
      int best = primitive.argmax();
      if (group.thread_rank == 0) {
        if (p.index_bytes == 8)
          static_cast<int64_t*>(p.output)[i] = best;
        else
          static_cast<int32_t*>(p.output)[i] = best;
      }
    } else {
      OutputView output(p.output, i * p.output_stride, row.misalignment, p.classes);
      OutputView padded_output(p.output, i * p.output_stride, row.misalignment, p.output_width);
      primitive.sum_sweep();
      primitive.output_sweep(output);
      store_zeros(padded_output, group, p.classes);
    }
  }
}

}  // namespace temper
