// Row storage in shared memory (storage.cuh describes the interface).
#pragma once

#include "vectorised_row.cuh"

namespace temper {

// Storage in the shared memory of the block, or of all blocks of a cluster. RowPlan.sharedBytes() computes its size.
struct SharedStorage {
  static constexpr bool kOnChip = true;
  static constexpr bool kInRegisters = false;
  static constexpr bool kPrefetches = true;
  static constexpr int kKept = 0;
  static constexpr int kProducers = 0;

  template <class Row, class ThreadGroup> struct Instance {
    using Pair = typename Row::Pair;
    static constexpr int kStep = int(ThreadGroup::size());
    using Student = typename Row::Pair::Student;
    using Teacher = typename Row::Pair::Teacher;

    // A slot holds one vector pair of every thread of the block in pieces of 16 bytes: [piece][thread]. Neighbouring
    // threads thus access neighbouring banks. A vector of 8 bytes takes a whole piece too, which keeps one layout.
    template <class Vector> static constexpr int kPieces = Vector::kBytes < 16 ? 1 : Vector::kBytes / 16;
    template <class Vector> static constexpr int kPieceBytes = Vector::kBytes < 16 ? Vector::kBytes : 16;
    static constexpr int kPieceStep = ThreadGroup::kThreads * 16;
    static constexpr int kTeacher = kPieceStep * kPieces<Student>;
    static constexpr int kSlotStep = kTeacher + (Row::Pair::kTeacher ? kPieceStep * kPieces<Teacher> : 0);

    unsigned char* slots;  // the thread's first piece of slot 0

    __device__ __forceinline__ Instance() : slots(dynamic_shared() + ThreadGroup::kScratchBytes + threadIdx.x * 16) {}

    // Loads all vectors of the row that are not in flight. Where the row allows it, the vectors in bounds are copied
    // asynchronously.
    __device__ __forceinline__ void load(const Row& row, const ThreadGroup& group,
                                         VectorRange in_flight = VectorRange()) {
      VectorRange issued = in_flight;
      if (in_flight.end == 0 && row.can_copy_async()) {
        issued = row.in_bounds();
        for_each_slot_in(group, issued, [&](int vector, unsigned char* slot) { copy_async(row, vector, slot); });
      }
      for_each_slot_outside(row, group, issued, [&](int vector, unsigned char* slot) { load(row, vector, slot); });
    }

    __device__ __forceinline__ void wait() { async_wait(); }

    // Shared memory that is free after the last row, at least 16 bytes for each thread.
    __device__ __forceinline__ static unsigned char* unused_memory() {
      return dynamic_shared() + ThreadGroup::kScratchBytes;
    }

    // A prefetch could overwrite logits before they are read. Only one thread accesses a slot, and it issues the copy
    // after its last read of the slot.
    template <class F>
    __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, VectorRange range,
                                             int label_vector, F f, const Row& next, bool prefetch) {
      for_each_slot_in(group, range, [&](int vector, unsigned char* slot) {
        typename Row::Pair pair = read(slot);
        if (prefetch) copy_async(next, vector, slot);
        f(pair, vector, true, vector == label_vector);
      });
      for_each_slot_outside(row, group, range, [&](int vector, unsigned char* slot) {
        f(read(slot), vector, false, vector == label_vector);
      });
    }

    template <class F> __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup& group, F f) {
      for (Cursor at = {int(group.thread_rank), slots}; at.vector < row.vectors; at.advance())
        f(read(at.slot), at.vector);
    }
    template <class F> __device__ __forceinline__ void for_each_again(const Row& row, const ThreadGroup& group, F f) {
      for_each(row, group, f);
    }

    // Passes pairs of vectors in bounds, and then one at a time: the last one of an odd number, and those not in
    // bounds.
    template <class F> __device__ __forceinline__ void for_each_several(const Row& row, const ThreadGroup& group, F f) {
      VectorRange range = row.in_bounds();
      Cursor at = {int(group.thread_rank), slots};
      if (at.vector < range.first) at.advance();
#pragma unroll 1
      for (; at.vector + int(group.size()) < range.end; at.advance(), at.advance()) {
        const Pair pairs[2] = {read(at.slot), read(at.slot + kSlotStep)};
        f(pairs, at.vector, true);
      }
      int end = at.vector;
      range.end = end > range.end ? range.end : end;
      for_each_slot_outside(row, group, range, [&](int vector, unsigned char* slot) {
        const Pair pairs[1] = {read(slot)};
        f(pairs, vector, false);
      });
    }

    __device__ __forceinline__ static int owner(const Row&, const ThreadGroup& group, int vector) {
      return int(unsigned(vector) % group.size());
    }

    template <class F> __device__ __forceinline__ void visit(const Row&, const ThreadGroup& group, int wanted, F f) {
      if (unsigned(wanted) % ThreadGroup::size() == group.thread_rank) f(read(slot_of(wanted)));
    }

   private:
    // One of the thread's vectors and its slot.
    struct Cursor {
      int vector;
      unsigned char* slot;

      __device__ __forceinline__ void advance() {
        vector += int(ThreadGroup::size());
        slot += kSlotStep;
      }
    };

    __device__ __forceinline__ unsigned char* slot_of(int vector) const {
      return slots + vector / int(ThreadGroup::size()) * kSlotStep;
    }

    template <class View>
    __device__ __forceinline__ static void copy_async(const View& view, int vector, unsigned char* slot) {
      using Vector = typename View::Vector;
      const unsigned char* from = reinterpret_cast<const unsigned char*>(view.address(vector));
#pragma unroll
      for (int i = 0; i < kPieces<Vector>; i++) async_copy<kPieceBytes<Vector>>(slot + i * kPieceStep, from + 16 * i);
    }

    __device__ __forceinline__ static void copy_async(const Row& row, int vector, unsigned char* slot) {
      copy_async(row.student, vector, slot);
      if constexpr (Row::Pair::kTeacher) copy_async(row.teacher, vector, slot + kTeacher);
    }

    template <class View>
    __device__ __forceinline__ static void load(const View& view, int vector, typename View::Bits fill,
                                                unsigned char* slot) {
      if (view.is_aligned(vector)) {
        copy_async(view, vector, slot);
      } else {
        auto loaded = view.load_elements(vector, fill);
#pragma unroll
        for (int w = 0; w < View::Vector::kWords; w++)
          reinterpret_cast<uint32_t*>(slot + w / 4 * kPieceStep)[w % 4] = loaded.words[w];
      }
    }

    __device__ __forceinline__ static void load(const Row& row, int vector, unsigned char* slot) {
      load(row.student, vector, Row::kStudentFill, slot);
      if constexpr (Row::Pair::kTeacher) load(row.teacher, vector, Row::kTeacherFill, slot + kTeacher);
    }

    template <class Vector> __device__ __forceinline__ static void read(Vector& vector, const unsigned char* slot) {
      if constexpr (Vector::kWords == 2) {
        const uint2 two = *reinterpret_cast<const uint2*>(slot);
        vector.words[0] = two.x;
        vector.words[1] = two.y;
      } else {
#pragma unroll
        for (int w = 0; w < Vector::kWords; w += 4) {
          const uint4 four = *reinterpret_cast<const uint4*>(slot + w / 4 * kPieceStep);
          vector.words[w] = four.x;
          vector.words[w + 1] = four.y;
          vector.words[w + 2] = four.z;
          vector.words[w + 3] = four.w;
        }
      }
    }

    __device__ __forceinline__ static typename Row::Pair read(const unsigned char* slot) {
      typename Row::Pair pair;
      read(pair.student, slot);
      if constexpr (Row::Pair::kTeacher) read(pair.teacher, slot + kTeacher);
      return pair;
    }

    template <class F>
    __device__ __forceinline__ void for_each_slot_in(const ThreadGroup& group, VectorRange range, F f) {
      Cursor at = {int(group.thread_rank), slots};
      if (at.vector < range.first) at.advance();
      for (; at.vector < range.end; at.advance()) f(at.vector, at.slot);
    }

    // Calls f for the thread's vectors outside the range. If the range is that of the vectors in bounds, these are at
    // most one vector at each end of the row.
    template <class F>
    __device__ __forceinline__ void for_each_slot_outside(const Row& row, const ThreadGroup& group, VectorRange range,
                                                          F f) {
      int step = int(group.size()), first = int(group.thread_rank);
      int behind = range.end > first ? (range.end - first + step - 1) / step * step + first : first;
#pragma unroll 1
      for (int vector = first < range.first ? first : behind; vector < row.vectors;
           vector = vector < behind ? behind : vector + step)
        f(vector, slot_of(vector));
    }
  };
};

}  // namespace temper
