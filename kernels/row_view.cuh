// One row of a matrix, read and written in groups of K columns. Groups begin where the student is aligned to 16 bytes, so the
// first and the last may hang over the row: their elements go one by one, and nothing outside the row is touched.
#pragma once

#include "dtype.cuh"

namespace temper {

template <class DType, int K> struct RowView {
  using Bits = typename DType::Bits;
  using P = Pack<DType, K>;
  static constexpr int kColumns = K;
  static constexpr int kAlignment = K * int(sizeof(Bits)) < 16 ? K * int(sizeof(Bits)) : 16;

  Bits* start;
  int end;         // columns
  int whole_end;   // groups that begin in [0, whole_end) can be accessed as vectors

  // `column` is the first of any group.
  __device__ __forceinline__ RowView(const void* base, int64_t element, int column, int end)
      : start(const_cast<Bits*>(static_cast<const Bits*>(base)) + element), end(end) {
    bool aligned = (reinterpret_cast<uintptr_t>(start) + uintptr_t(int64_t(column) * int(sizeof(Bits)))) % kAlignment == 0;
    whole_end = aligned && end >= K ? end - K + 1 : 0;
    keep_address(start);
  }

  __device__ __forceinline__ bool whole(int column) const { return unsigned(column) < unsigned(whole_end); }

  // Columns outside the row read as `fill`.
  __device__ __forceinline__ P load(int column, Bits fill) const {
    if (whole(column)) {
      P pack;
      load_words(start + column, pack.words);
      return pack;
    }
    return load_edge(column, fill);
  }

  __device__ __forceinline__ P load_edge(int column, Bits fill) const {
    P pack = P::filled(fill);
#pragma unroll
    for (int k = 0; k < K; k++)
      if (unsigned(column + k) < unsigned(end)) pack.set_bits(k, start[column + k]);
    return pack;
  }

  // Writes the columns of the group that lie in [first, end).
  __device__ __forceinline__ void store(const P& pack, int column, int first = 0) const {
    if (column >= first && whole(column)) {
      store_words(start + column, pack.words);
      return;
    }
#pragma unroll
    for (int k = 0; k < K; k++)
      if (column + k >= first && column + k < end) start[column + k] = pack.bits(k);
  }
};

// How many columns the first group hangs over on the left: 0 .. K - 1.
template <class DType, int K> __device__ __forceinline__ int overhang(const void* base, int64_t element) {
  uintptr_t address = reinterpret_cast<uintptr_t>(static_cast<const typename DType::Bits*>(base) + element);
  return int(address / sizeof(typename DType::Bits) % K);
}

// Zeros from column `first` to the end of one gradient row.
template <class View, class Team>
__device__ __forceinline__ void store_zeros(const View& view, const Team& team, int overhang, int first) {
  constexpr int K = View::kColumns;
  const typename View::P zeros = {};
  int start = (first + overhang) / K + int(team.index), end = (view.end + overhang + K - 1) / K;
  for (int group = start; group < end; group += int(team.size())) view.store(zeros, group * K - overhang, first);
}

}  // namespace temper
