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

  Bits* origin;                 // of group 0: `overhang` elements before the row
  int overhang, end;            // columns
  int first_whole, wholes = 0;  // groups that can be accessed as vectors: none where the row is not aligned as the student is

  __device__ __forceinline__ RowView(const void* base, int64_t element, int overhang, int end)
      : origin(reinterpret_cast<Bits*>(reinterpret_cast<uintptr_t>(base) + uintptr_t((element - overhang) * int64_t(sizeof(Bits))))),
        overhang(overhang),
        end(end),
        first_whole(overhang > 0 ? 1 : 0) {
    if (reinterpret_cast<uintptr_t>(origin) % kAlignment == 0) wholes = max((overhang + end) / K - first_whole, 0);
    keep_address(origin);
  }

  __device__ __forceinline__ int column(int group) const { return group * K - overhang; }
  __device__ __forceinline__ bool whole(int group) const { return unsigned(group - first_whole) < unsigned(wholes); }
  __device__ __forceinline__ Bits* at(int group) const { return origin + int64_t(group) * K; }

  // Columns outside the row read as `fill`.
  __device__ __forceinline__ P load(int group, Bits fill) const {
    if (whole(group)) {
      P pack;
      load_words(at(group), pack.words);
      return pack;
    }
    return load_edge(group, fill);
  }

  __device__ __forceinline__ P load_edge(int group, Bits fill) const {
    P pack = P::filled(fill);
#pragma unroll
    for (int k = 0; k < K; k++)
      if (unsigned(column(group) + k) < unsigned(end)) pack.set_bits(k, at(group)[k]);
    return pack;
  }

  __device__ __forceinline__ void store_whole(const P& pack, int group) const { store_words(at(group), pack.words); }

  // Writes the columns of the group that lie in [first, end).
  __device__ __forceinline__ void store(const P& pack, int group, int first = 0) const {
    if (column(group) >= first && whole(group)) {
      store_whole(pack, group);
      return;
    }
#pragma unroll
    for (int k = 0; k < K; k++)
      if (column(group) + k >= first && column(group) + k < end) at(group)[k] = pack.bits(k);
  }
};

// How many columns the first group hangs over on the left: 0 .. K - 1.
template <class DType, int K> __device__ __forceinline__ int overhang(const void* base, int64_t element) {
  uintptr_t address = reinterpret_cast<uintptr_t>(static_cast<const typename DType::Bits*>(base) + element);
  return int(address / sizeof(typename DType::Bits) % K);
}

// Zeros from column `first` to the end of one gradient row.
template <class View, class Team> __device__ __forceinline__ void store_zeros(const View& view, const Team& team, int first) {
  constexpr int K = View::kColumns;
  const typename View::P zeros = {};
  int start = (first + view.overhang) / K + int(team.index), end = (view.end + view.overhang + K - 1) / K;
  for (int group = start; group < end; group += int(team.size())) view.store(zeros, group, first);
}

}  // namespace temper
