// One row of one tensor, cut into vectors of K columns.
//
// A vector starts at every address of the student that is a multiple of a vector's size. A row that starts between two
// such addresses is misaligned by 1 to K - 1 columns: its first vector begins before the row, and its last vector may
// end after it. These two vectors are accessed element by element, so that no access leaves the row. The other tensors
// are cut at the same columns. Where that leaves a tensor misaligned, all its vectors are accessed element by element.
#pragma once

#include "vector.cuh"

namespace temper {

// The vectors [first, end) of a row.
struct VectorRange {
  int first = 0, end = 0;

  __device__ __forceinline__ bool contains(int vector) const { return vector >= first && vector < end; }
};

template <class DType, int COLUMNS> struct RowView {
  using Bits = typename DType::Bits;
  using Vector = temper::Vector<DType, COLUMNS>;
  static constexpr int K = COLUMNS;
  static constexpr int kAlignment = Vector::kBytes < 16 ? Vector::kBytes : 16;

  Bits* origin;                          // address of vector 0, `misalignment` elements before the row
  int misalignment, end;                 // columns
  int first_aligned, aligned_count = 0;  // the vectors that are inside the row and aligned in memory

  __device__ __forceinline__ RowView() {}
  __device__ __forceinline__ RowView(const void* base, int64_t element, int misalignment, int end)
      : origin(reinterpret_cast<Bits*>(reinterpret_cast<uintptr_t>(base) +
                                       uintptr_t((element - misalignment) * int64_t(sizeof(Bits))))),
        misalignment(misalignment),
        end(end),
        first_aligned(misalignment > 0 ? 1 : 0) {
    if (reinterpret_cast<uintptr_t>(origin) % kAlignment == 0)
      aligned_count = max(int(unsigned(misalignment + end) / K) - first_aligned, 0);
    keep_address(origin);
  }

  __device__ __forceinline__ VectorRange in_bounds() const {
    return aligned_count > 0 ? VectorRange{first_aligned, first_aligned + aligned_count} : VectorRange();
  }

  __device__ __forceinline__ int column(int vector) const { return vector * K - misalignment; }
  __device__ __forceinline__ bool is_aligned(int vector) const {
    return unsigned(vector - first_aligned) < unsigned(aligned_count);
  }
  __device__ __forceinline__ Bits* address(int vector) const { return origin + int64_t(vector) * K; }

  // Elements outside the row read as `fill`.
  __device__ __forceinline__ Vector load(int vector, Bits fill) const {
    if (is_aligned(vector)) {
      Vector loaded;
      load_words(address(vector), loaded.words);
      return loaded;
    }
    return load_elements(vector, fill);
  }

  __device__ __forceinline__ Vector load_elements(int vector, Bits fill) const {
    Vector loaded = Vector::filled(fill);
#pragma unroll
    for (int k = 0; k < K; k++)
      if (unsigned(column(vector) + k) < unsigned(end)) loaded.set_bits(k, address(vector)[k]);
    return loaded;
  }

  __device__ __forceinline__ void store_aligned(const Vector& values, int vector) const {
    store_words(address(vector), values.words);
  }

  // Stores the columns of the vector that are in [first, end); the others keep their value in memory.
  __device__ __forceinline__ void store(const Vector& values, int vector, int first = 0) const {
    if (column(vector) >= end) return;
    if (column(vector) >= first && is_aligned(vector)) {
      store_aligned(values, vector);
      return;
    }
#pragma unroll
    for (int k = 0; k < K; k++)
      if (column(vector) + k >= first && column(vector) + k < end) address(vector)[k] = values.bits(k);
  }
};

// The misalignment of a row that starts with the element, in columns: 0 to K - 1.
template <class DType, int K> __device__ __forceinline__ int misalignment(const void* base, int64_t element) {
  uintptr_t address = reinterpret_cast<uintptr_t>(static_cast<const typename DType::Bits*>(base) + element);
  return int(address / sizeof(typename DType::Bits) % K);
}

// Stores zeros in the columns [first, view.end).
template <class View, class ThreadGroup>
__device__ __forceinline__ void store_zeros(const View& view, const ThreadGroup& group, int first) {
  constexpr int K = View::K;
  const typename View::Vector zeros = {};
  int begin = (first + view.misalignment) / K + int(group.thread_rank);
  int end = (view.end + view.misalignment + K - 1) / K;
  for (int vector = begin; vector < end; vector += int(group.size())) view.store(zeros, vector, first);
}

}  // namespace temper
