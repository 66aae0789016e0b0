// The gradient of a row with a list: of the slots, and then of the rest, by members of ListLossRow.
#pragma once

#include "list_values.cuh"

namespace temper {

// Stores the gradient of the listed classes, each by one thread of the group, and then that of the rest. A gradient
// that replaces the student's logits could overwrite a logit before another thread reads it. Each thread uses only
// the logits of classes that it stores itself: a sweep over the rest may load a listed class, but ignores its value.
template <class Spec>
template <class GradientView>
__device__ __forceinline__ void ListLossRow<Spec>::store_gradient(const GradientView& view, GradientFactors factors) {
  float hard = 0, smoothing = 0;
  if constexpr (kHard) {
    hard = factors.hard * (row_valid ? 1.0f / hard_sum : not_a_number());
    if (p.z_loss != 0) hard *= fma(2 * p.z_loss, log_sum_exp, 1.0f);
    if constexpr (Spec::kSmoothing) {
      smoothing = factors.hard * p.label_smoothing / present;
      factors.hard *= 1.0f - p.label_smoothing;
    }
  }
  if (!row_valid) factors.soft = not_a_number();
  bool ignored = true;
  slots.for_each(group.thread_rank, group.size(), ignored, [&](const ListSlot& slot) {
    float gradient = soft_gradient(slot, factors.soft);
    if constexpr (kHard) gradient = add_hard(slot.id, slot.z, hard, smoothing, factors.hard, gradient);
    store_one(view, slot.id, slot.z, gradient);
  });
  float rest = rest_factor(), shift = shift_of(rest_max);
  float limit = infinite && has_bucket ? limit_of(log_tail, factors.soft) : 0.0f;
  float soft = !row_valid ? not_a_number() : rest == 0 ? 0.0f : factors.soft * rest;
  storage.for_each(row, group, [&](const Pair& pair, int vector) {
    float z[K], gradient[K];
    unpack(pair, z);
    uint32_t listed = mask.columns(vector);
#pragma unroll
    for (int k = 0; k < K; k++) {
      gradient[k] = infinite && has_bucket ? (z[k] == -infinity() ? 0.0f : limit)
                                           : exp2((z[k] - shift) * scale) * soft;
      if (!row_valid) gradient[k] = not_a_number();
      if constexpr (kHard)
        gradient[k] = add_hard(row.column(vector) + k, z[k], hard, smoothing, factors.hard, gradient[k]);
    }
    store_rest(view, vector, listed, z, gradient);
  });
}

// Stores the gradient of the rest in one vector. A vector without a listed class is stored as a whole.
template <class Spec>
template <class GradientView>
__device__ __forceinline__ void ListLossRow<Spec>::store_rest(const GradientView& view, int vector,
                                                              uint32_t listed, const float (&z)[K],
                                                              float (&gradient)[K]) const {
#pragma unroll
  for (int k = 0; k < K; k++) gradient[k] = chained(z[k], gradient[k]);
  if (listed == 0) {
    if constexpr (Spec::kAccumulate) {
      float before[K];
      view.load(vector, 0).unpack(before);
#pragma unroll
      for (int k = 0; k < K; k++) gradient[k] += before[k];
    }
    view.store(GradientView::Vector::pack(gradient), vector);
    return;
  }
#pragma unroll
  for (int k = 0; k < K; k++)
    if (!(listed >> k & 1u) && unsigned(row.column(vector) + k) < unsigned(row.classes))
      store_column(view, vector, k, gradient[k]);
}

}  // namespace temper
