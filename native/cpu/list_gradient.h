// The gradient of a row whose teacher is given by a list of classes.
#pragma once

#include "list_values.h"
#include "row_gradient.h"

namespace temper {
namespace {

template <class Policy> struct ListGradientWriter : RowGradientWriter<ForwardKl<V>, false> {
  typedef RowGradientWriter<ForwardKl<V>, false> Base;

  const ListRow<Policy>& loss;
  float rest_factor = loss.rest_factor();
  // Whether the gradient of most classes goes from registers to the caller's memory. Other gradients need a buffer, for
  // steps that read a block again.
  bool direct = can_be_direct();
  // The gradients of the listed classes, and the same as bf16 if write_bf16() stores them.
  alignas(64) float listed[kListRoom];
  alignas(64) int rounded[kListRoom];
  bool label_is_listed = false;

  ListGradientWriter(const RowGradientWriter<ForwardKl<V>, false>& base, const ListRow<Policy>& loss)
      : Base(base), loss(loss) {}

  void write() {
    with_hard_exp(r.hard, [&](auto tag) { write_row<decltype(tag)::kValue>(); });
  }

 private:
  // The factors of a block: the gradient of a class without a slot is soft * es + hard * exp(z - max z).
  struct Factors {
    V soft, hard;
  };

  bool can_be_direct() const {
    int32_t dtype = r.job.gradient.dtype;
    return dtype == (r.deinterleaved ? kBf16 : kF32) && p.accumulate == 0 && !r.job.stream_gradient &&
           p.student_softcap <= 0 && p.label_smoothing <= 0 && !(loss.infinite && loss.has_bucket);
  }

  template <HardExp hard> TEMPER_INLINE void write_row() {
    compute_listed<hard>();
    for (int from = 0, block = 0; from < r.classes(); from += kBlock, block++) {
      if (!direct) write_staged<hard>(from, block);
      else if (r.deinterleaved) write_bf16<hard>(from, block);
      else write_f32<hard>(from, block);
    }
    if (p.accumulate == 0) store_zeros(r.job.gradient, r.row, r.classes());
  }

  // Computes the gradient of the listed classes.
  template <HardExp hard> TEMPER_INLINE void compute_listed() {
    V soft = splat(factors.soft), hard_scale = splat(softmax_factor * r.hard_inverse_sum);
    I found = {}, label = I{} + (direct && hard != HardExp::kNone ? (int)r.task.label : -1);
    V target = splat(factors.hard);
    const bool infinite = loss.infinite, as_bf16 = direct && r.deinterleaved;
    const int count = loss.list.count();
    for (int i = 0; i < count; i += kLanes) {
      V z = load(loss.list.z + i), g = soft * loss.gradient_at(i);
      if (infinite) g = limit_at(z, load(loss.list.l + i));
      if constexpr (hard == HardExp::kSeparate)
        g = fma(r.scales.untempered(z - shift_of(r.student_max)), hard_scale, g);
      else if constexpr (hard != HardExp::kNone)
        g = fma(hard_exp<hard>(load(loss.student_exp + i), nullptr), hard_scale, g);
      I is_label = (load(loss.list.slots.id + i) == label) & (lane_numbers() < count - i);  // padding has the id 0
      found |= is_label;
      g -= select(is_label, target, V{});
      temper::store(g, listed + i);
      if (as_bf16) temper::store(round_to_bf16((I)g) >> 16, rounded + i);
    }
    label_is_listed = any(found);
  }

  // The limit of the gradient where D is +inf, because the teacher lacks a class. It is selected before the
  // multiplication, because a factor of 0 times infinity is NaN.
  V limit_at(V z, V l) const {
    V size = splat(factors.soft == 0 ? 0.0f : factors.soft * kInfinity);
    return select(z == -kInfinity, V{}, select(l == -kInfinity, size, -size));
  }

  TEMPER_INLINE Factors factors_of(int block) const {
    float shift = r.scratch.student_shift[block], soft = factors.soft * rest_factor;
    float hard = softmax_factor * r.hard_inverse_sum;
    if (shift != loss.rest_max) soft *= first_lane(r.scales.student(splat(shift - loss.rest_max)));
    if (shift != r.student_max) hard *= first_lane(r.scales.untempered(splat(shift - r.student_max)));
    return {splat(rest_factor == 0 || shift == -kInfinity ? 0.0f : soft), splat(hard)};
  }

  // Computes the gradient of the classes at index i of a block, without the label's target. That of listed classes is
  // overwritten later.
  template <HardExp hard>
  static TEMPER_INLINE V rest_gradient(const BlockExponentials& in, int i, const Factors& f) {
    V es = load(in.student + i);
    if constexpr (hard == HardExp::kSame) return es * (f.soft + f.hard);
    if constexpr (hard == HardExp::kSquared) return es * fma(es, f.hard, f.soft);
    return add_hard<hard>(es * f.soft, es, in, i, f.hard);
  }

  template <HardExp hard> void write_f32(int from, int block) const {
    int n = r.block_length(from), body = n & -kLanes;
    const BlockExponentials in = r.exponentials(from);
    const Factors f = factors_of(block);
    UnalignedFloat* out = (UnalignedFloat*)address(r.job.gradient, r.row, from);
    for (int i = 0; i < body; i += kLanes) temper::store(rest_gradient<hard>(in, i, f), (float*)out + i);
    if (body < n) store_bytes((I)rest_gradient<hard>(in, body, f), out + body, (n - body) * (int)sizeof(float));
    const int* id = loss.list.slots.id;
    const float* g = listed;
    UnalignedFloat* row = out - from;
    loss.listed.for_block(block, [=](int64_t i) { row[id[i]] = g[i]; });
    if (int label = unlisted_label<hard>(from, n); label >= 0)
      out[label] = first_lane(rest_gradient<hard>(in, label, f)) - factors.hard;
  }

  template <HardExp hard> void write_bf16(int from, int block) const {
    int n = r.block_length(from), body = n & -kBf16Lanes;
    const BlockExponentials in = r.exponentials(from);
    const Factors f = factors_of(block);
    unsigned short* out = (unsigned short*)address(r.job.gradient, r.row, from);
    auto halves_at = [&](int i) {
      return interleave_bf16(rest_gradient<hard>(in, i, f), rest_gradient<hard>(in, i + kLanes, f));
    };
    for (int i = 0; i < body; i += kBf16Lanes) {
      Shorts halves = halves_at(i);
      __builtin_memcpy(out + i, &halves, sizeof halves);
    }
    if (body < n) store_bytes((I)halves_at(body), out + body, 2 * (n - body));
    const int *id = loss.list.slots.id, *g = rounded;
    UnalignedHalf* row = (UnalignedHalf*)out - from;
    loss.listed.for_block(block, [=](int64_t i) { row[id[i]] = (unsigned short)g[i]; });
    if (int label = unlisted_label<hard>(from, n); label >= 0) {
      V g = rest_gradient<hard>(in, deinterleaved_index(label), f) - factors.hard;
      ((UnalignedHalf*)out)[label] = (unsigned short)(round_to_bf16((I)g)[0] >> 16);
    }
  }

  // The index of the label in a block of n classes, or -1 if the block lacks it or compute_listed() has its gradient.
  template <HardExp hard> TEMPER_INLINE int unlisted_label(int from, int n) const {
    int label = (int)r.task.label - from;
    return hard == HardExp::kNone || label_is_listed || label < 0 || label >= n ? -1 : label;
  }

  template <HardExp hard> void write_staged(int from, int block) const {
    alignas(64) float out[kBlock + kLanes];
    int n = r.block_length(from);
    const BlockExponentials in = r.exponentials(from);
    const Factors f = factors_of(block);
    for (int i = 0; i < r.padded_length(n); i += kLanes) temper::store(rest_gradient<hard>(in, i, f), out + i);
    if (loss.infinite && loss.has_bucket) add_limit(from, out);
    float* row = out - from;
    const int* place = loss.list.place;
    const float* g = listed;
    loss.listed.for_block(block, [=](int64_t i) { row[place[i]] = g[i]; });
    Base::finish_block(from, n, out);
  }

  TEMPER_RARE void add_limit(int from, float* out) const {
    alignas(64) float buffer[kBlock];
    int n = r.block_length(from);
    V tail = splat(loss.log_tail);
    r.for_parts(r.student_block(from, n, buffer), r.student_block(from, n, buffer), n,
                [&](const float* z, const float*, int i, int part) {
                  for (int k = 0; k < part; k += kLanes)
                    temper::store(load(out + i + k) + limit_at(load(z + k), tail), out + i + k);
                });
  }
};

}  // namespace
}  // namespace temper
