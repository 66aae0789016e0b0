// The k most probable classes of a row, with the sums over all classes, in one read of the logits by one block.
//
// Shared memory holds the candidates: the logits above a limit, which is -inf at first. When there are many candidates,
// the block sorts them, keeps the k largest, and raises the limit to the smallest of these. All other logits are added
// to a sum with a maximum of its own. The difference of 1 and the mass of the list does not serve instead, because it
// is 0 in f32 for a peaked row.
//
// The result does not depend on the order in which threads append candidates. Keys are distinct, so that there is only
// one sorted order. The place of a dropped candidate in this order decides which thread adds it to the sum.
#pragma once

#include "row/exponentials.cuh"
#include "row/row_view.cuh"
#include "row/thread_group.cuh"

namespace temper {

// The candidates of a block could overflow, because each thread may append a whole vector before the next barrier. The
// block sorts from kSortAt candidates on, so that one more vector of every thread fits after them.
constexpr uint32_t kCandidates = 4096, kSortAt = 1024;

// A key is larger for a larger logit and, among equal logits, for the lower class. The key 0 is below all others.
__device__ __forceinline__ uint64_t key_of(float logit, int column) {
  uint32_t bits = bits_of(logit == 0 ? 0.0f : logit);  // both zeros are equal
  uint32_t ordered = bits ^ (bits >> 31 != 0 ? ~0u : 0x80000000u);
  return uint64_t(ordered) << 32 | ~uint32_t(column);
}
__device__ __forceinline__ float logit_of(uint64_t key) {
  uint32_t ordered = uint32_t(key >> 32);
  return float_of(ordered ^ (ordered >> 31 != 0 ? 0x80000000u : ~0u));
}
__device__ __forceinline__ int column_of(uint64_t key) { return int(~uint32_t(key)); }

template <int THREADS> struct Candidates {
  uint64_t* keys;
  uint32_t* count;

  __device__ __forceinline__ explicit Candidates(uint32_t offset)
      : keys(reinterpret_cast<uint64_t*>(dynamic_shared() + offset)),
        count(reinterpret_cast<uint32_t*>(keys + kCandidates)) {}

  __device__ __forceinline__ void append(float logit, int column) {
    keys[atomicAdd(count, 1u)] = key_of(logit, column);
  }

  // Sorts the first n candidates, the largest key first. All threads call it, after a barrier.
  __device__ __forceinline__ void sort(uint32_t n) {
    uint32_t padded = 1;
    while (padded < n) padded *= 2;
    for (uint32_t i = n + threadIdx.x; i < padded; i += THREADS) keys[i] = 0;
    __syncthreads();
    for (uint32_t size = 2; size <= padded; size *= 2) {
      for (uint32_t distance = size / 2; distance > 0; distance /= 2) {
        for (uint32_t i = threadIdx.x; i < padded / 2; i += THREADS) exchange(i, distance, size);
        __syncthreads();
      }
    }
  }

 private:
  // One step of a bitonic sort: the i-th pair of keys whose places differ by `distance`, a power of two.
  __device__ __forceinline__ void exchange(uint32_t i, uint32_t distance, uint32_t size) {
    uint32_t first = 2 * i - (i & (distance - 1)), second = first + distance;
    uint64_t a = keys[first], b = keys[second];
    bool falling = (first & size) == 0;
    if ((a < b) != falling) return;
    keys[first] = b;
    keys[second] = a;
  }
};

template <class Input, int THREADS> struct TopKRow {
  using Group = BlockGroup<THREADS, 1>;
  static constexpr int K = kElementsPer16Bytes<Input>;
  using View = RowView<Input, K>;
  static_assert(kSortAt + THREADS * K <= kCandidates, "a vector of every thread fits after the candidates");

  const TopKParameters& p;
  Group& group;
  Candidates<THREADS>& candidates;
  float scale = p.inverse_temperature * kLog2E;
  float limit = -infinity();                 // a candidate is above it
  // The thread's share of the other classes: their maximum, and sum exp((z - rest_max)/T).
  float rest_max = -infinity(), rest_sum = 0;

  __device__ __forceinline__ float power(float difference) const { return exp2(difference * scale); }

  __device__ __forceinline__ void raise_rest(float maximum) {
    if (!(maximum > rest_max)) return;
    if (rest_max > -infinity()) rest_sum *= power(rest_max - maximum);
    rest_max = maximum;
  }

  // Appends the logits above the limit to the candidates, and adds the others to the sum. NaN and +inf are no
  // candidates, and make the sum NaN.
  __device__ __forceinline__ void add(const typename View::Vector& vector, int column) {
    float x[K], top = -infinity();
    vector.unpack(x);
#pragma unroll
    for (int k = 0; k < K; k++) {
      if (x[k] > limit && x[k] <= kLargest) {
        candidates.append(x[k], column + k);
        x[k] = -infinity();
      }
      top = max(top, x[k]);
    }
    raise_rest(top);
    float shift = shift_of(rest_max);
#pragma unroll
    for (int k = 0; k < K; k++) rest_sum += power(x[k] - shift);
  }

  // Keeps the first k candidates. Returns their number. All threads call it, after a barrier.
  __device__ __forceinline__ uint32_t keep_largest() {
    uint32_t n = *candidates.count, k = uint32_t(p.k), kept = n < k ? n : k;
    candidates.sort(n);
    for (uint32_t i = k + threadIdx.x; i < n; i += THREADS) {
      float logit = logit_of(candidates.keys[i]);
      raise_rest(logit);
      rest_sum += power(logit - rest_max);
    }
    if (kept == k) limit = logit_of(candidates.keys[k - 1]);
    if (threadIdx.x == 0) *candidates.count = kept;
    __syncthreads();
    return kept;
  }

  // Reads the row. Returns the number of candidates at its end, at most k, which are sorted then.
  __device__ __forceinline__ uint32_t read(const View& view, int vectors) {
    if (threadIdx.x == 0) *candidates.count = 0;
    __syncthreads();
    int own = int(threadIdx.x);
    auto load = [&](int vector) {
      return vector < vectors ? view.load(vector, Input::kMinusInfinity)
                              : View::Vector::filled(Input::kMinusInfinity);
    };
    auto next = load(own);
    for (int first = 0; first < vectors; first += THREADS) {
      auto current = next;
      next = load(first + THREADS + own);  // in flight during the barriers below
      add(current, view.column(first + own));
      __syncthreads();
      bool full = *candidates.count >= kSortAt;
      // Threads could disagree whether to sort, if one of them read the count after another thread has appended again.
      __syncthreads();
      if (full) keep_largest();
    }
    return keep_largest();
  }

  // Stores the first `used` candidates and the sums of the row. Each thread stores one slot.
  __device__ __forceinline__ void write(int64_t row, uint32_t used) {
    uint32_t slot = threadIdx.x;
    float high = used > 0 ? logit_of(candidates.keys[0]) : 0.0f;
    uint64_t key = slot < used ? candidates.keys[slot] : 0;
    float shifted = slot < used ? logit_of(key) - high : -infinity();
    float top[1] = {rest_max};
    group.template reduce<Max>(top);
    raise_rest(top[0]);
    float sums[2] = {power(shifted), rest_sum};
    group.template reduce<Sum>(sums);
    float sum = sums[0] + (top[0] > -infinity() ? sums[1] * power(top[0] - high) : sums[1]);
    bool valid = is_valid(sum);
    float log_sum = valid ? log(sum) : not_a_number(), inverse = p.inverse_temperature;
    if (slot < uint32_t(p.k)) {
      int64_t place = row * p.k + slot;
      // A row without a softmax has NaN in its first slot, which a loss refuses.
      p.ids[place] = !valid ? (slot == 0 ? 0 : -1) : slot < used ? column_of(key) : -1;
      p.log_probs[place] = valid && slot >= used ? -infinity() : shifted * inverse - log_sum;
    }
    if (slot != 0) return;
    p.log_sum_exp[row] = high * inverse + log_sum;
    p.mass[row] = valid ? sums[0] / sum : not_a_number();
    p.log_tail[row] = !valid || top[0] > -infinity() ? log(sums[1]) + (top[0] - high) * inverse - log_sum : -infinity();
  }
};

template <class Input, int THREADS> __device__ __forceinline__ void top_k_rows(const TopKParameters& p) {
  using Row = TopKRow<Input, THREADS>;
  static_assert(THREADS >= kMostSlots, "a thread writes one slot");
  typename Row::Group group;
  group.begin();
  Candidates<THREADS> candidates(Row::Group::kScratchBytes);
  for (int64_t row = group.first_row(); row < p.rows; row += group.row_step()) {
    int misaligned = misalignment<Input, Row::K>(p.logits, row * p.stride);
    typename Row::View view(p.logits, row * p.stride, misaligned, p.classes);
    Row top_k{p, group, candidates};
    top_k.write(row, top_k.read(view, (misaligned + p.classes + Row::K - 1) / Row::K));
  }
}

}  // namespace temper
