// Row storage in a ring of stages in shared memory, for compute capability 8.0 and later (storage.cuh describes the
// interface). A producer warp copies rows into the ring, and the threads of the group, the consumers, compute them.
// The ring is larger than a block's part of a row, so that copies of the next row are in flight while a row is
// computed. This file has the consumers, ring_producer.cuh the producer, ring_copies.cuh its kinds of copies, and
// ring_stages.cuh the stages.
//
// A stage has two mbarriers. `full` completes a phase when the producer has arrived and its copies are in the stage.
// `empty` completes a phase when every consumer warp has arrived, after its last read of the stage.
// The hazards:
//  - A stage could be refilled while a warp still reads it. The producer waits for `empty` before it writes to a stage.
//  - Producer and consumers could disagree about the stages of a row, if another stream changes a label or a weight
//    during the launch. Only the producer loads the task of a row; the consumers read it in the header of the row's
//    first stage. A row that does not contribute takes one stage without bytes.
//  - A block could exit while copies to its shared memory are in flight. The consumers wait for every stage that the
//    producer fills, also for those of rows that do not contribute.
#pragma once

#include "ring_producer.cuh"

namespace temper {

// VECTORS as in RingStages. Copies are BulkCopies or GranuleCopies.
template <int VECTORS, class Copies> struct RingStorage {
  static constexpr bool kOnChip = true, kPrefetches = false, kInRegisters = false;
  static constexpr int kProducers = 32;
  // Exponentials are kept on compute capability 9.0 only. On others the assembler would spill registers for them.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ < 900 || __CUDA_ARCH__ >= 1000)
  static constexpr int kKept = 0;
#else
  static constexpr int kKept = VECTORS;
#endif

  template <class Row, class ThreadGroup> struct Instance {
    using Stages = RingStages<VECTORS, Row, ThreadGroup>;
    using Producer = RingProducer<Stages, Copies>;
    using Position = typename Stages::Position;
    using Pair = typename Row::Pair;
    static constexpr int kThreads = Stages::kThreads, kStep = kThreads, kStageVectors = Stages::kStageVectors;

    Position head;  // the row's first stage
    uint32_t end = Stages::ring_end();
    int stages = 1;  // of the block's part of the row
    uint32_t teacher_shift = 0;
    bool swept = false;  // the calling thread has waited for all stages of the row

    __device__ __forceinline__ Instance() {}

    // Shared memory that is free after the last row, at least 16 bytes for each thread. It overlaps no mbarrier.
    __device__ __forceinline__ static unsigned char* unused_memory() { return Position().at(Stages::kStudentAt); }

    // Waits for the row's first stage and returns its header.
    __device__ __forceinline__ const RingHeader& begin_row() {
      head.wait();
      const RingHeader& header = head.header();
      teacher_shift = header.teacher_shift;
      stages = Stages::stages_of(header.count);
      swept = false;
      return header;
    }

    // The header of the row. It must not be read once the last sweep has begun, which releases the row's stages.
    __device__ __forceinline__ const RingHeader& header() const { return head.header(); }

    // Ends the row, and releases all its stages unless the last sweep has done so.
    __device__ __forceinline__ void end_row(bool released) {
      Position at = head;
      if (!released)
        for (int i = 0; i < stages; i++) {
          at.release();
          at.advance(end);
        }
      head.advance(stages, end);
    }

    template <class F> __device__ __forceinline__ void for_each(const Row&, const ThreadGroup&, F f) {
      sweep<false, false>(Each<F>{f});
    }

    template <class F> __device__ __forceinline__ void for_each_several(const Row&, const ThreadGroup&, F f) {
      sweep<false, false>(f);
    }

    // Passes the vectors of the first stage to f.keep<true>(pairs, 0), if that is a full stage; otherwise calls
    // f.keep_none().
    template <int, class F> __device__ __forceinline__ void keep(F f) {
      if (stages > 1) {
        Pair pairs[VECTORS];
        read(pairs, head, threadIdx.x * 16);
        f.template keep<true>(pairs, 0);
      } else {
        f.keep_none();
      }
    }

    // Like for_each_several(), but leaves out the kept vectors.
    template <int, class F> __device__ __forceinline__ void for_each_several_but_kept(const ThreadGroup&, F f) {
      sweep<false, true>(f);
    }

    template <class F> __device__ __forceinline__ void for_each_again(const Row&, const ThreadGroup&, F f) {
      Position at = head;
      const int thread = int(threadIdx.x);
#pragma unroll 1
      for (int i = 0; i < stages; i++) {
        at.wait();
#pragma unroll 1
        for (int place = thread; place < min(count() - i * kStageVectors, kStageVectors); place += kThreads)
          f(read(at, place), first() + i * kStageVectors + place);
        if (i == stages - 1 && thread < at.header().ends)
          f(Stages::read_end(at, thread), at.header().end_vector(thread));
        at.advance(end);
      }
    }

    // The last sweep over the row. It releases a stage as soon as its vectors are in registers, so that the producer
    // can refill the stage while their gradient is computed.
    template <class F>
    __device__ __forceinline__ void for_each(const Row&, const ThreadGroup&, VectorRange range, int label_vector, F f,
                                             const Row&, bool) {
      sweep<true, false>(EachStored<F>{f, label_vector, first_with(label_vector), range.end > 0});
    }

    // The last sweep after keep(). store_kept(j, vector, true, false) stores the gradient of the kept vectors. A thread
    // whose kept vectors include the label's, or whose gradient is misaligned, reads these vectors again instead.
    template <int, class F, class StoreKept>
    __device__ __forceinline__ void for_each_but_kept(const Row&, const ThreadGroup&, VectorRange range,
                                                      int label_vector, F f, StoreKept store_kept) {
      const EachStored<F> each = {f, label_vector, first_with(label_vector), range.end > 0};
      if (stages > 1) {
        int vector = first() + int(threadIdx.x);
        if (each.aligned && vector != each.first_with_label) {
#pragma unroll
          for (int j = 0; j < VECTORS; j++) store_kept(j, vector + j * kThreads, true, false);
        } else {
#pragma unroll 1
          for (int j = 0; j < VECTORS; j++, vector += kThreads)
            f(read(head, int(threadIdx.x) + j * kThreads), vector, false, vector == label_vector);
        }
      }
      sweep<true, true>(each);
    }

    // Returns the rank of the calling thread if it owns the vector. In all other threads the result is -1.
    __device__ __forceinline__ int owner(const Row&, const ThreadGroup& group, int vector) const {
      int place = vector - first(), end = header().end_of(vector);
      bool own = end >= 0 ? end == int(threadIdx.x) && end < header().ends
                          : place >= 0 && place < count() && place % kThreads == int(threadIdx.x);
      return own ? int(group.thread_rank) : -1;
    }

    template <class F>
    __device__ __forceinline__ void visit(const Row& row, const ThreadGroup& group, int wanted, F f) {
      if (owner(row, group, wanted) < 0) return;
      bool is_end = header().end_of(wanted) >= 0;
      int place = wanted - first();
      Position at = head;
      at.advance(is_end ? stages - 1 : place / kStageVectors, end);
      f(is_end ? Stages::read_end(at, int(threadIdx.x)) : read(at, place % kStageVectors));
    }

   private:
    // The block's part of the row (RingPart), read from the header each time, so that it takes no registers.
    __device__ __forceinline__ int first() const { return header().first; }
    __device__ __forceinline__ int count() const { return header().count; }

    // The owner of the label's vector reads it together with other vectors of a stage. Returns the first of these
    // vectors.
    __device__ __forceinline__ int first_with(int label_vector) const {
      return label_vector - (label_vector - first()) % kStageVectors / kThreads * kThreads;
    }

    // These are function objects, because NVRTC 12 treats a generic lambda as a host function.
    template <class F> struct Each {
      F& f;

      template <int N>
      __device__ __forceinline__ void operator()(const Pair (&pairs)[N], int vector, bool) const {
#pragma unroll
        for (int j = 0; j < N; j++) f(pairs[j], vector + j * kThreads);
      }
    };

    // Vectors in bounds without the label take the short code, if the gradient is aligned. In the long code,
    // comparisons select a vector, because an index that is known at run time only would put the array into local
    // memory.
    template <class F> struct EachStored {
      F& f;
      int label_vector, first_with_label;
      bool aligned;

      template <int N>
      __device__ __forceinline__ void operator()(const Pair (&pairs)[N], int vector, bool in_bounds) const {
        if (in_bounds && aligned && vector != (N == 1 ? label_vector : first_with_label)) {
#pragma unroll
          for (int j = 0; j < N; j++) f(pairs[j], vector + j * kThreads, true, false);
        } else {
#pragma unroll 1
          for (int j = 0; j < N; j++) {
            Pair pair = pairs[0];
#pragma unroll
            for (int k = 1; k < N; k++)
              if (j == k) pair = pairs[k];
            f(pair, vector + j * kThreads, false, vector + j * kThreads == label_vector);
          }
        }
      }
    };

    // Calls f(pairs, vector, true) with VECTORS vectors of each full stage: `vector`, vector + kThreads, ... Then calls
    // f(pair, vector, true) with each vector of the last stage, and f(pair, vector, false) with an end. LAST = true
    // also releases the stages. KEPT = true leaves out the first stage if it is a full one.
    template <bool LAST, bool KEPT, class F> __device__ __forceinline__ void sweep(F f) {
      const int thread = int(threadIdx.x);
      uint32_t own = threadIdx.x * 16;
      keep_packed(own);
      Position at = head;
      int vector = first() + thread;
      if (KEPT && stages > 1) {
        if (LAST) at.release();
        vector += kStageVectors;
        at.advance(end);
      }
      for (int i = KEPT ? 2 : 1; i < stages; i++) {
        if (!swept) at.wait();
        Pair pairs[VECTORS];
        read(pairs, at, own);
        if (LAST) at.release();
        f(pairs, vector, true);
        vector += kStageVectors;
        at.advance(end);
      }
      if (!swept) at.wait();
      const int left = at.header().count - (stages - 1) * kStageVectors;
#pragma unroll 1
      for (int place = thread; place < left; place += kThreads, vector += kThreads) {
        const Pair one[1] = {read(at, place)};
        f(one, vector, true);
      }
      if (thread < at.header().ends) {
        const Pair one[1] = {Stages::read_end(at, thread)};
        f(one, at.header().end_vector(thread), false);
      }
      if (LAST) at.release();
      swept = true;
    }

    __device__ __forceinline__ Pair read(const Position& at, int place) const {
      Pair pairs[1];
      read(pairs, at, uint32_t(place) * 16);
      return pairs[0];
    }

    template <int N>
    __device__ __forceinline__ void read(Pair (&pairs)[N], const Position& at, uint32_t place) const {
      Stages::read(pairs, at, place, teacher_shift);
    }
  };
};

}  // namespace temper
