// The k most probable classes of each row, with the sums over all classes, in one read of the logits. The other classes
// have a maximum and a sum of their own, because the difference of 1 and the mass of the list is 0 in f32 for a peaked
// row.
#pragma once

#include "row_blocks.h"

namespace temper {
namespace {

// The k largest logits so far, in a heap. Its root ranks lowest: the smallest logit, and among equal logits the one of
// the highest class.
struct LargestLogits {
  int most, count = 0;
  float value[kMostSlots];
  int id[kMostSlots];

  explicit LargestLogits(int k) : most(k) {}

  TEMPER_INLINE bool ranks_below(int a, int b) const {
    return value[a] < value[b] || (value[a] == value[b] && id[a] > id[b]);
  }
  TEMPER_INLINE float limit() const { return count < most ? -kInfinity : value[0]; }

  void swap(int a, int b) {
    float v = value[a];
    int i = id[a];
    value[a] = value[b], id[a] = id[b];
    value[b] = v, id[b] = i;
  }
  void sink(int at, int end) {
    for (int child = 2 * at + 1; child < end; at = child, child = 2 * at + 1) {
      if (child + 1 < end && ranks_below(child + 1, child)) child++;
      if (!ranks_below(child, at)) return;
      swap(at, child);
    }
  }
  // Adds a logit above limit(). Returns the logit that it replaces, or -inf.
  float add(float logit, int column) {
    float replaced = -kInfinity;
    if (count < most) {
      value[count] = logit, id[count] = column;
      for (int at = count++; at > 0 && ranks_below(at, (at - 1) / 2); at = (at - 1) / 2) swap(at, (at - 1) / 2);
    } else {
      replaced = value[0];
      value[0] = logit, id[0] = column;
      sink(0, count);
    }
    return replaced;
  }
  // Sorts the logits, the largest first.
  void sort() {
    for (int end = count - 1; end > 0; end--) {
      swap(0, end);
      sink(0, end);
    }
  }
};

struct TopKRow {
  const TopKJob& job;
  int64_t row;
  Exponential tempered{job.temperature};
  LargestLogits largest{job.k};
  float rest_max = -kInfinity, rest_sum = 0;

  // Adds n logits, padded with -inf, to the sum over the other classes.
  void add_rest(const float* x, int n) {
    float max = block_max(x, n);
    if (max > rest_max) {
      if (rest_max > -kInfinity) rest_sum *= first_lane(tempered(splat(rest_max - max)));
      rest_max = max;
    }
    V sum = {};
    for (int i = 0; i < n; i += kLanes) sum += tempered(load(x + i) - shift_of(rest_max));
    rest_sum += sum_lanes(sum);
  }

  void read() {
    alignas(64) float x[kBlock + kLanes], replaced[kBlock + kLanes];
    for (int from = 0; from < job.classes; from += kBlock) {
      int n = job.classes - from < kBlock ? job.classes - from : kBlock, count = 0;
      const float* block = load_block(job.logits.dtype, address(job.logits, row, from), n, -kInfinity, x);
      if (block != x) __builtin_memcpy(x, block, (unsigned)n * sizeof(float));
      for (int i = 0; i < padded(n); i += kLanes) {
        if (!any(load(x + i) > largest.limit())) continue;
        for (int k = i; k < i + kLanes; k++) {
          if (!(x[k] > largest.limit())) continue;
          float other = largest.add(x[k], from + k);
          x[k] = -kInfinity;
          if (other > -kInfinity) replaced[count++] = other;
        }
      }
      add_rest(x, padded(n));
      for (int i = count; i < padded(count); i++) replaced[i] = -kInfinity;
      if (count > 0) add_rest(replaced, padded(count));
    }
  }

  void write() {
    const float nan = __builtin_nanf("");
    largest.sort();
    float max = largest.count > 0 ? largest.value[0] : nan, listed = 0;
    float inverse_temperature = (float)(1 / job.temperature);
    // The smallest terms are added first, because they would be lost to rounding beside the largest term, which is 1.
    for (int i = largest.count - 1; i >= 0; i--) listed += first_lane(tempered(splat(largest.value[i] - max)));
    float rest = rest_max == -kInfinity ? rest_sum : rest_sum * first_lane(tempered(splat(rest_max - max)));
    float sum = listed + rest;
    if (!(sum > 0 && sum < kInfinity)) return write_nan();
    float log_sum = first_lane(log(splat(sum)));
    for (int slot = 0; slot < job.k; slot++) {
      bool used = slot < largest.count;
      job.ids[row * job.k + slot] = used ? largest.id[slot] : -1;
      job.log_probs[row * job.k + slot] =
          used ? (largest.value[slot] - max) * inverse_temperature - log_sum : -kInfinity;
    }
    job.log_sum_exp[row] = max * inverse_temperature + log_sum;
    job.mass[row] = listed / sum;
    job.log_tail[row] = rest_max == -kInfinity ? -kInfinity
                                               : first_lane(log(splat(rest_sum))) +
                                                     (rest_max - max) * inverse_temperature - log_sum;
  }

 private:
  // Writes a row without a softmax. A loss refuses the NaN in its first slot.
  void write_nan() const {
    const float nan = __builtin_nanf("");
    for (int slot = 0; slot < job.k; slot++) {
      job.ids[row * job.k + slot] = slot == 0 ? 0 : -1;
      job.log_probs[row * job.k + slot] = nan;
    }
    job.log_sum_exp[row] = job.mass[row] = job.log_tail[row] = nan;
  }
};

void top_k_rows(const TopKJob& job, int64_t first, int64_t last) {
  for (; first < last; first++) {
    TopKRow row{job, first};
    row.read();
    row.write();
  }
}

}  // namespace
}  // namespace temper
