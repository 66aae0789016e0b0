// The logits of one row, read in blocks of floats.
#pragma once

#include "row_inputs.h"
#include "standardise.h"

namespace temper {
namespace {

// A block of logits as floats: full vectors in `body`, the elements after them in one padded vector at `tail`.
struct LogitBlock {
  const float* body;
  const float* tail;
  float max;
};

// Calls f(i) for each i in [first, end), four times per iteration: the loop itself takes as long as a short f.
template <class F> TEMPER_INLINE void for_each(int64_t first, int64_t end, F f) {
  for (; first + 4 <= end; first += 4) f(first), f(first + 1), f(first + 2), f(first + 3);
  for (; first < end; first++) f(first);
}

// Returns a copy of a pointer that the compiler takes for another pointer. An element that is read through one of them
// and written through the other takes no instruction for its address, which the compiler would otherwise compute once.
template <class T> TEMPER_INLINE T* second_pointer(T* pointer) {
  __asm__("" : "+r"(pointer));
  return pointer;
}

// The classes that a list names. Their logits are moved out of the row, which then has -inf in their place.
struct ListedLogits {
  const int* place;  // index of each class among the loaded floats of the row
  float* logits;     // receives the logits
  int count;
  const int* order;      // indices in `place`, those of each block after those of the block before
  const int* block_end;  // end of the classes of each block in `order`; null: the row has one block
  bool rest_max = false;  // a block has the maximum of its classes without a slot; false: of all its classes

  // Calls f(index in `place`) for the classes of a block.
  template <class F> TEMPER_INLINE void for_block(int block, F f) const {
    if (block_end == nullptr) return for_each(0, count, f);
    const int* in = order;
    for_each(block == 0 ? 0 : block_end[block - 1], block_end[block], [=](int64_t k) { f(in[k]); });
  }
  void move_from(float* loaded, int block) const {
    float *row = loaded - block * kBlock, *written = second_pointer(row), *out = logits;
    const int* at = place;
    for_block(block, [=](int64_t i) {
      int64_t from = at[i];
      out[i] = row[from];
      written[from] = -kInfinity;
    });
  }
  bool has_classes(int block) const {
    return block_end == nullptr ? count > 0 : block_end[block] > (block == 0 ? 0 : block_end[block - 1]);
  }
};

struct RowLogits {
  const LossJob& job;
  int64_t row;
  bool has_teacher;
  const LossParameters& parameters = job.parameters;

  TEMPER_INLINE int classes() const { return parameters.classes; }
  TEMPER_INLINE int block_length(int from) const { return classes() - from < kBlock ? classes() - from : kBlock; }

  // The flag depends only on the dtypes of the logits, so that the order of summation is the same for all outputs.
  const bool deinterleaved = job.student.dtype == kBf16 && (!has_teacher || job.teacher.dtype == kBf16);

  const ListedLogits* listed = nullptr;  // null: the row keeps all its logits

  // Number of floats in a block of n logits, with its padded tail and without its tail.
  TEMPER_INLINE int padded_length(int n) const { return deinterleaved ? padded_bf16(n) : padded(n); }
  TEMPER_INLINE int body_length(int n) const { return deinterleaved ? padded_bf16(n) : n & -kLanes; }

  // Loads a block. Only the first loop over the row needs the maximum.
  template <bool find_max> TEMPER_INLINE LogitBlock block(const Matrix& matrix, int from, int n, float* buffer) const {
    const char* in = address(matrix, row, from);
    if (deinterleaved) {
      float max = 0;
      if constexpr (find_max) max = deinterleave_block(in, n, buffer);
      else deinterleave_known_block(in, n, buffer);
      return {buffer, buffer, max};
    }
    if (matrix.dtype != kF32 || body_length(n) == n) {
      const float* all = load_block(matrix.dtype, in, n, -kInfinity, buffer);
      return {all, all + body_length(n), find_max ? block_max(all, padded(n)) : 0.0f};
    }
    decode_tail<kF32>(in, body_length(n), n, -kInfinity, buffer);
    if constexpr (!find_max) return {(const float*)in, buffer, 0};
    float a = block_max((const float*)in, body_length(n)), b = block_max(buffer, kLanes);
    return {(const float*)in, buffer, a > b ? a : b};
  }

  // Copies all of a block to the buffer, unless it is already there.
  void move_to_buffer(const LogitBlock& block, int n, float* buffer) const {
    if (block.body == buffer) return;
    __builtin_memmove(buffer + body_length(n), block.tail, (unsigned)(padded(n) - body_length(n)) * sizeof(float));
    __builtin_memcpy(buffer, block.body, (unsigned)body_length(n) * sizeof(float));
  }

  // Loads all of a block into the buffer and applies the softcap.
  template <bool find_max>
  LogitBlock capped_block(const Matrix& matrix, int from, int n, float* buffer, float cap) const {
    LogitBlock raw = block<find_max>(matrix, from, n, buffer);
    move_to_buffer(raw, n, buffer);
    softcap_block(buffer, padded_length(n), cap);
    return {buffer, buffer + body_length(n), first_lane(softcapped(splat(raw.max), cap))};
  }

  template <bool find_max = false> TEMPER_INLINE LogitBlock student_block(int from, int n, float* buffer) const {
    float cap = parameters.student_softcap;
    if (listed != nullptr && listed->has_classes(from / kBlock)) return rest_block(from, n, buffer, cap);
    return cap > 0 ? capped_block<find_max>(job.student, from, n, buffer, cap)
                   : block<find_max>(job.student, from, n, buffer);
  }
  // Returns a block without the listed logits, which lies in the buffer as a whole.
  LogitBlock rest_block(int from, int n, float* buffer, float cap) const {
    float max = -kInfinity;
    if (cap > 0) {
      max = capped_block<true>(job.student, from, n, buffer, cap).max;
    } else if (deinterleaved) {
      max = block<true>(job.student, from, n, buffer).max;
    } else {
      alignas(64) float all[kBlock];
      LogitBlock z = block<false>(job.student, from, n, all);
      for_parts(z, z, n, [&](const float* in, const float*, int i, int part) {
        float largest = max_of_vectors(part, [&](int k) {
          V z = load(in + k);
          store(z, buffer + i + k);
          return z;
        });
        max = largest > max ? largest : max;
      });
    }
    listed->move_from(buffer, from / kBlock);
    if (listed->rest_max) max = block_max(buffer, padded_length(n));
    return {buffer, buffer + body_length(n), max};
  }
  template <bool find_max = false> TEMPER_INLINE LogitBlock teacher_block(int from, int n, float* buffer) const {
    float cap = parameters.teacher_softcap;
    return cap > 0 ? capped_block<find_max>(job.teacher, from, n, buffer, cap)
                   : block<find_max>(job.teacher, from, n, buffer);
  }
  // Returns the teacher's block, or the student's if the loss has no teacher.
  template <bool find_max = false>
  TEMPER_INLINE LogitBlock teacher_or(const LogitBlock& student, int from, int n, float* buffer) const {
    return has_teacher ? teacher_block<find_max>(from, n, buffer) : student;
  }

  // The index of a block's class i among the loaded floats.
  TEMPER_INLINE int place_in_block(int i) const { return deinterleaved ? deinterleaved_index(i) : i; }

  // Returns the block with -inf as the logit of its class i. A block without a class i is returned unchanged.
  template <bool find_max>
  LogitBlock without_class(int i, const LogitBlock& block, int n, float* buffer) const {
    if ((unsigned)i >= (unsigned)n) return block;
    move_to_buffer(block, n, buffer);
    float& logit = buffer[place_in_block(i)];
    bool is_max = logit >= block.max;
    logit = -kInfinity;
    float max = find_max && is_max ? block_max(buffer, padded_length(n)) : block.max;
    return {buffer, buffer + body_length(n), max};
  }

  // Returns one logit after the softcap.
  float logit(const Matrix& matrix, int64_t column, float cap) const {
    float z = load_element(matrix.dtype, address(matrix, row, column), 0);
    return cap > 0 ? first_lane(softcapped(splat(z), cap)) : z;
  }
  float student_logit(int64_t column) const { return logit(job.student, column, parameters.student_softcap); }
  float teacher_logit(int64_t column) const { return logit(job.teacher, column, parameters.teacher_softcap); }

  // Calls f(z, u, offset in the block, n) for the body and for the tail of a block, or once if both are adjacent.
  template <class F> TEMPER_INLINE void for_parts(const LogitBlock& z, const LogitBlock& u, int n, F f) const {
    int end = body_length(n);
    if (z.body + end == z.tail && u.body + end == u.tail) return f(z.body, u.body, 0, padded_length(n));
    f(z.body, u.body, 0, end);
    if (end < n) f(z.tail, u.tail, end, kLanes);
  }

  // Calls f(z, u, class, n) for all parts of the row.
  template <class F> void for_row(F f) const {
    alignas(64) float student_buffer[kBlock], teacher_buffer[kBlock];
    for (int from = 0; from < classes(); from += kBlock) {
      int n = block_length(from);
      LogitBlock z = student_block(from, n, student_buffer), u = teacher_or(z, from, n, teacher_buffer);
      for_parts(z, u, n, [&](const float* zi, const float* ui, int i, int part) { f(zi, ui, from + i, part); });
    }
  }

  // Prefetches logits from `column` on; a column beyond this row means the next row. In rows of one block the gradient
  // is prefetched too, because a store that misses the caches delays later stores. Streaming stores need no prefetch.
  template <bool store_exp> TEMPER_INLINE Prefetch prefetch_at(int column) const {
    int64_t next = column < classes() ? row : row + 1;
    int from = column < classes() ? column : column - classes();
    PrefetchStream student = stream_at(job.student, next, from);
    bool gradient = store_exp && !job.stream_gradient && classes() <= kBlock;
    return {student, has_teacher ? stream_at(job.teacher, next, from) : student,
            gradient ? stream_at(job.gradient, row, column - kBlock) : student};
  }
};

}  // namespace
}  // namespace temper
