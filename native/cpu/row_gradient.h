// The gradient of one row.
#pragma once

#include "row_values.h"

namespace temper {
namespace {

template <class Policy, bool soft> struct RowGradientWriter {
  typedef Row<Policy, soft> R;

  const R& r;
  GradientFactors factors;
  // True: the exponentials are computed again from the logits and the saved statistics. False: evaluate() has left them
  // in scratch memory.
  bool from_statistics;
  const LossParameters& p = r.parameters;
  // The factor of softmax(z) in the gradient of the hard part and the z-loss.
  float softmax_factor = factors.hard * (1 + 2 * p.z_loss * r.log_sum_exp);

  void store() const {
    alignas(64) float out[kBlock + kLanes];
    StandardisedGradient standardised = {};
    if (r.standardisation != nullptr) standardised = standardised_gradient();
    for (int from = 0, block = 0; from < r.classes(); from += kBlock, block++) {
      int n = r.block_length(from);
      if (r.standardisation == nullptr) compute_block(from, block, r.hard, out);
      else compute_standardised_block(from, block, standardised, out);
      finish_block(from, n, out);
    }
    if (p.accumulate == 0) store_zeros(r.job.gradient, r.row, r.classes());
  }

 protected:
  // Completes the gradient of a block by the target and the softcap, and stores it.
  void finish_block(int from, int n, float* out) const {
    subtract_target(from, n, out);
    if (p.student_softcap > 0) chain_softcap(from, n, out);
    char* to = address(r.job.gradient, r.row, from);
    if (p.accumulate != 0) accumulate_block(r.job.gradient.dtype, r.deinterleaved, out, n, to);
    else store_block(r.job.gradient.dtype, r.deinterleaved, out, n, to, kHasStreamingStores && r.job.stream_gradient);
  }

  // Computes the gradient of a block without the terms of the target.
  void compute_block(int from, int block, HardExp with_hard, float* out) const {
    compute_classes(from, block, with_hard, out);
    if constexpr (R::kSeparateLabel) {
      int label = (int)r.task.label - from;
      if (label < 0 || label >= r.block_length(from)) return;
      float soft_part = factors.soft * first_lane(r.policy.label_gradient(r.sums));
      out[r.place_in_block(label)] = soft_part + (with_hard == HardExp::kNone ? 0 : label_softmax_term());
    }
  }

  // The softmax term of the label's class. Its exponential is not in the blocks.
  float label_softmax_term() const { return softmax_factor * r.label_probability; }

  void compute_classes(int from, int block, HardExp with_hard, float* out) const {
    int n = r.padded_length(r.block_length(from));
    BlockExponentials exponentials = r.exponentials(from);
    if (from_statistics) {
      r.template recompute<is_centred(Policy::kGradient)>(from);
      if constexpr (R::kSoftExp)
        if (r.path == RowPath::kNearEqual) r.store_log_ratios(from);
    }
    BlockFactors f = block_factors(block);
    with_hard_exp(with_hard, [&](auto tag) {
      constexpr HardExp hard = decltype(tag)::kValue;
      if constexpr (R::kSoftExp && !R::kElementwise) {
        if (r.path == RowPath::kNearEqual) return compute_near_equal<hard>(exponentials, n, f, out);
        if (r.path == RowPath::kInfinite || r.path == RowPath::kFar || r.is_flat)
          return fast_gradient_block<Policy, false, hard, false>(r.policy, exponentials, n, r.sums, f, out);
      }
      if (R::kClasses && !from_statistics)
        return fast_gradient_block<Policy, soft, hard, true>(r.policy, exponentials, n, r.sums, f, out);
      fast_gradient_block<Policy, soft, hard, false>(r.policy, exponentials, n, r.sums, f, out);
    });
    if constexpr (R::kElementwise || Policy::kInfiniteLimit || Policy::kFar)
      if (R::kElementwise || r.path == RowPath::kInfinite || r.path == RowPath::kFar) add_logit_terms(from, out);
  }

  template <HardExp hard>
  void compute_near_equal(const BlockExponentials& exponentials, int n, const BlockFactors& f, float* out) const {
    if constexpr (!kStoresDifferences<Policy>)
      near_gradient_block<Policy, hard>(r.policy, exponentials, n, r.sums, f, out);
    else if (from_statistics) difference_gradient_block<hard, false>(exponentials, n, f, out);
    else difference_gradient_block<hard, true>(exponentials, n, f, out);
  }

  // Computes the row constants of a standardised gradient from the gradients of all blocks.
  TEMPER_RARE StandardisedGradient standardised_gradient() const {
    StandardisedGradient result = {*r.standardisation};
    alignas(64) float h[kBlock + kLanes], buffer[kBlock];
    for (int from = 0, block = 0; from < r.classes(); from += kBlock, block++) {
      compute_block(from, block, HardExp::kNone, h);
      int n = r.block_length(from);
      LogitBlock z = r.student_block(from, n, buffer);
      r.for_parts(z, z, n, [&](const float* zi, const float*, int i, int part) { result.add(zi, h + i, part); });
    }
    result.finish();
    return result;
  }

  TEMPER_RARE void compute_standardised_block(int from, int block, const StandardisedGradient& standardised,
                                              float* out) const {
    alignas(64) float buffer[kBlock];
    compute_block(from, block, HardExp::kNone, out);
    int n = r.block_length(from);
    LogitBlock z = r.student_block(from, n, buffer);
    if (r.path != RowPath::kInfinite)
      r.for_parts(z, z, n, [&](const float* zi, const float*, int i, int part) {
        standardised.apply(zi, out + i, part);
      });
    BlockFactors f = block_factors(block);
    with_hard_exp(r.hard, [&](auto tag) {
      add_hard_block<decltype(tag)::kValue>(r.exponentials(from), r.padded_length(n), f.hard_factor, out);
    });
    if constexpr (R::kSeparateLabel)
      if (int label = (int)r.task.label - from; label >= 0 && label < n && r.hard != HardExp::kNone)
        out[r.place_in_block(label)] += label_softmax_term();
  }

  BlockFactors block_factors(int block) const {
    BlockFactors f = {factors.soft, softmax_factor * r.hard_inverse_sum, r.inverse_sums, r.scales.student.c};
    if (from_statistics) return f;
    f.inverse_sums = r.inverse_sums_at_block(block);
    float shift = r.scratch.student_shift[block];
    if (shift != r.student_max) f.hard_factor *= first_lane(r.scales.untempered(splat(shift - r.student_max)));
    return f;
  }

  // Adds the terms that are functions of the logits: for logit MSE, the far path and an infinite D.
  TEMPER_RARE void add_logit_terms(int from, float* out) const {
    alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
    int n = r.block_length(from);
    r.for_parts(r.student_block(from, n, student_buffer), r.teacher_block(from, n, teacher_buffer), n,
                [&](const float* z, const float* u, int i, int part) {
                  if constexpr (R::kElementwise) add_logit_gradient(r.policy, z, u, part, factors.soft, out + i);
                  else if constexpr (Policy::kFar)
                    add_far_gradient(r.policy, r.far_exponents(), z, u, part, r.sums, factors.soft, out + i);
                  else add_infinite_gradient(z, u, part, factors.soft, out + i);
                });
  }

  // Subtracts the target of the hard part: the label and, with label smoothing, all present classes.
  void subtract_target(int from, int n, float* out) const {
    if (r.hard == HardExp::kNone) return;
    if (p.label_smoothing > 0) {
      alignas(64) float buffer[kBlock];
      LogitBlock z = r.student_block(from, n, buffer);
      float share = factors.hard * p.label_smoothing / r.present_classes;
      r.for_parts(z, z, n, [&](const float* zi, const float*, int i, int part) {
        subtract_from_present(zi, part, share, out + i);
      });
    }
    int label = (int)r.task.label - from;
    if (label >= 0 && label < n)
      out[r.place_in_block(label)] -= factors.hard * (1 - p.label_smoothing);
  }

  // Multiplies the gradient by the derivative of the softcap.
  TEMPER_RARE void chain_softcap(int from, int n, float* out) const {
    alignas(64) float buffer[kBlock];
    LogitBlock z = r.template block<false>(r.job.student, from, n, buffer);
    r.for_parts(z, z, n, [&](const float* zi, const float*, int i, int part) {
      softcap_gradient_block(zi, part, p.student_softcap, out + i);
    });
  }
};

}  // namespace
}  // namespace temper
