// Row storage in a ring of stages in shared memory, for compute capability 9.0 and later (storage.cuh describes the
// interface). A producing warp copies rows into the ring, and the threads of the group, the consumers, compute them.
// The ring is larger than a block's part of a row, so that copies of the next row are in flight while a row is
// computed.
//
// A stage has two mbarriers. `full` completes a phase when the producer has arrived and all bytes of its copies are in
// the stage. `empty` completes a phase when every consumer warp has arrived, after its last read of the stage.
// The hazards:
//  - A stage could be refilled while a warp still reads it. The producer waits for `empty` before it writes to a stage.
//  - Producer and consumers could disagree about the stages of a row, if another stream changes a label or a weight
//    during the launch. Only the producer loads the task of a row; the consumers read it in the header of the row's
//    first stage. A row that does not contribute takes one stage without bytes.
//  - A block could exit while copies to its shared memory are in flight. The consumers wait for every stage that the
//    producer fills, also for those of rows that do not contribute.
#pragma once

#include "ring_row.cuh"

namespace temper {

// A stage holds VECTORS vectors of each tensor for each consumer thread. The ring has as many stages as fit into the
// shared memory of the launch, whose size RowPlan.sharedBytes() computes.
template <int VECTORS> struct RingStorage {
  static constexpr bool kOnChip = true, kPrefetches = false, kInRegisters = false;
  static constexpr int kProducers = 32;
  // Exponentials are not kept from compute capability 10.0 on, where the assembler would spill registers for them.
#if __CUDA_ARCH__ >= 1000
  static constexpr int kKept = 0;
#else
  static constexpr int kKept = VECTORS;
#endif

  template <class Row, class ThreadGroup> struct Instance {
    using Pair = typename Row::Pair;
    using Teacher = typename Pair::Teacher;
    using Part = RingPart<Row>;
    static constexpr bool kTeacher = Pair::kTeacher;
    static constexpr int kThreads = ThreadGroup::kThreads, kStep = kThreads, kStageVectors = VECTORS * kThreads;
    static constexpr int kEnds = Part::kEnds;
    // An end of the student and one of the teacher, each in whole granules: loads of 16 bytes must be aligned.
    static constexpr int kEndBytes = 16 + (kTeacher ? (Teacher::kBytes + 15) / 16 * 16 : 0);

    // A block's part of a row takes some full stages, and one last stage for the vectors that are left, possibly none,
    // and for the ends. The layout of a stage: header, two mbarriers, ends, vectors of the student, vectors of the
    // teacher. The teacher has room for one granule more than its vectors fill, because a misaligned teacher begins and
    // ends inside a granule.
    static constexpr int kFull = int(sizeof(RingHeader)), kEmpty = kFull + 8, kEndsAt = kFull + 16;
    static constexpr int kStudentAt = kEndsAt + kEnds * kEndBytes, kTeacherAt = kStudentAt + kStageVectors * 16;
    static constexpr int kStageBytes = kTeacherAt + (kTeacher ? kStageVectors * Teacher::kBytes + 16 : 0);
    static constexpr uint32_t kFirst = ThreadGroup::kScratchBytes;
    static_assert(kFirst % 16 == 0 && kStageBytes % 16 == 0, "stages are aligned to 16 bytes");

    // A stage in shared memory, and the parity of its current phase. Producer and consumers pass through all stages in
    // the same order. A part of a row never has more stages than the ring, so that advance() wraps at most once.
    struct Position {
      uint32_t stage = first_stage(), parity = 0;

      __device__ __forceinline__ void advance(uint32_t end) { advance(1, end); }
      __device__ __forceinline__ void advance(int stages, uint32_t end) {
        stage += uint32_t(stages * kStageBytes);
        if (stage >= end) {
          stage -= end - first_stage();
          parity ^= 1;
        }
      }
      __device__ __forceinline__ unsigned char* at(int offset) const { return shared_at(stage) + offset; }
      __device__ __forceinline__ uint64_t* full() const { return reinterpret_cast<uint64_t*>(at(kFull)); }
      __device__ __forceinline__ uint64_t* empty() const { return reinterpret_cast<uint64_t*>(at(kEmpty)); }
      __device__ __forceinline__ RingHeader& header() const { return *reinterpret_cast<RingHeader*>(at(0)); }
      __device__ __forceinline__ void wait() const { mbarrier_wait(full(), parity); }

      // Lanes of the warp could still read the stage when the producer refills it. The warp arrives after all its lanes
      // have read, and the arrival orders these reads before the next copy.
      __device__ __forceinline__ void release() const {
        __syncwarp();
        if (threadIdx.x % 32 == 0) mbarrier_arrive(empty());
      }
    };

    __device__ __forceinline__ static uint32_t first_stage() { return shared_address(dynamic_shared() + kFirst); }

    // The address just behind the last stage.
    __device__ __forceinline__ static uint32_t ring_end() {
      return first_stage() + (dynamic_shared_bytes() - kFirst) / kStageBytes * kStageBytes;
    }

    // The producing warp.
    struct Producer {
      Position at;
      uint32_t end = ring_end();

      __device__ __forceinline__ static void begin() {
        for (Position at; at.stage != ring_end(); at.stage += kStageBytes) {
          mbarriers_init<1>(at.full(), 1);
          mbarriers_init<1>(at.empty(), kThreads / 32);
        }
      }

      __device__ __forceinline__ void fill(const Row& row, const RowTask& task, GradientFactors factors,
                                           uint32_t block_rank) {
        const int lane = int(threadIdx.x % 32);
        Part part;
        if (task.contributes()) part = Part(row, block_rank, ThreadGroup::kCluster);
        const int stages = stages_of(part.count);
        for (int i = 0; i < stages; i++) {
          // The parity is that of the phase before the current one. In the first pass through the ring there is no such
          // phase, and the wait returns at once.
          mbarrier_wait(at.empty(), at.parity ^ 1);
          if (lane == 0) at.header() = {task, factors, row.misalignment, part};
          __syncwarp();
          if (i == stages - 1 && lane < part.ends) store_end(row, at.header().end_vector(lane), lane);
          __syncwarp();
          if (lane == 0) copy(row, part, i);
          at.advance(end);
        }
      }

     private:
      __device__ __forceinline__ void store_end(const Row& row, int vector, int number) const {
        unsigned char* to = at.at(kEndsAt + number * kEndBytes);
        store_vector(row.student.load_elements(vector, Row::kStudentFill), to);
        if constexpr (kTeacher) store_vector(row.teacher.load_elements(vector, Row::kTeacherFill), to + 16);
      }

      __device__ __forceinline__ void copy(const Row& row, const Part& part, int i) const {
        int vectors = min(part.count - i * kStageVectors, kStageVectors);
        int first = part.first + i * kStageVectors;
        uint32_t student_bytes = uint32_t(vectors) * 16, teacher_bytes = 0;
        if constexpr (kTeacher)
          if (vectors > 0)
            teacher_bytes = (part.teacher_shift + uint32_t(vectors) * Teacher::kBytes + 15) / 16 * 16;
        mbarrier_expect(at.full(), student_bytes + teacher_bytes);
        if (vectors == 0) return;
        bulk_copy(at.at(kStudentAt), row.student.address(first), student_bytes, at.full());
        if constexpr (kTeacher)
          bulk_copy(at.at(kTeacherAt),
                    reinterpret_cast<const unsigned char*>(row.teacher.address(first)) - part.teacher_shift,
                    teacher_bytes, at.full());
      }
    };

    Position head;  // the row's first stage
    uint32_t end = ring_end();
    int stages = 1;  // of the block's part of the row
    uint32_t teacher_shift = 0;
    bool swept = false;  // the calling thread has waited for all stages of the row

    __device__ __forceinline__ Instance() {}

    // Memory of at least a vector for each thread, to use after the last row. It overlaps no mbarrier.
    __device__ __forceinline__ static unsigned char* unused_memory() { return shared_at(first_stage() + kStudentAt); }

    // Waits for the row's first stage and returns its header.
    __device__ __forceinline__ const RingHeader& begin_row() {
      head.wait();
      const RingHeader& header = head.header();
      teacher_shift = header.teacher_shift;
      stages = stages_of(header.count);
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
        if (i == stages - 1 && thread < at.header().ends) f(read_end(at, thread), at.header().end_vector(thread));
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

    // Returns the rank of the calling thread if it owns the vector, else -1, whichever thread is the owner.
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
      f(is_end ? read_end(at, int(threadIdx.x)) : read(at, place % kStageVectors));
    }

   private:
    // The block's part of the row (RingPart), read from the header each time, so that it takes no registers.
    __device__ __forceinline__ int first() const { return header().first; }
    __device__ __forceinline__ int count() const { return header().count; }

    __device__ __forceinline__ static int stages_of(int vectors) { return vectors / kStageVectors + 1; }

    // The owner of the label's vector reads it from a stage together with others. Returns the first of these vectors.
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

    // Calls f(pairs, vector, true) with VECTORS vectors of each full stage, which are `vector` and every kThreads-th
    // one behind it. Then calls f(pair, vector, true) with each of the vectors that are left, and f(pair, vector,
    // false) with an end. LAST: also releases the stages. KEPT: leaves out the first stage, if that is a full one.
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
        const Pair one[1] = {read_end(at, thread)};
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

    // Reads N vectors at a distance of kThreads vectors. `place` is the offset of the first one in bytes of the
    // student; the offset in the teacher follows from it. One branch decides for all vectors whether the teacher is
    // shifted.
    template <int N>
    __device__ __forceinline__ void read(Pair (&pairs)[N], const Position& at, uint32_t place) const {
      const unsigned char* student = at.at(kStudentAt) + place;
#pragma unroll
      for (int j = 0; j < N; j++) read_vector(pairs[j].student, student + j * kThreads * 16);
      if constexpr (kTeacher) {
        constexpr int kStudentBytes = 16;
        const unsigned char* teacher = at.at(kTeacherAt);
        if constexpr (Teacher::kBytes < kStudentBytes)
          teacher += place / 2;
        else
          teacher += place * (Teacher::kBytes / kStudentBytes);
        if (teacher_shift % kAligned == 0) {
          if constexpr (kAligned < 16) teacher += teacher_shift;
#pragma unroll
          for (int j = 0; j < N; j++) read_vector(pairs[j].teacher, teacher + j * kThreads * Teacher::kBytes);
        } else {
#pragma unroll
          for (int j = 0; j < N; j++) read_shifted(pairs[j].teacher, teacher + j * kThreads * Teacher::kBytes);
        }
      }
    }

    __device__ __forceinline__ static Pair read_end(const Position& at, int number) {
      const unsigned char* from = at.at(kEndsAt) + number * kEndBytes;
      Pair pair;
      read_vector(pair.student, from);
      if constexpr (kTeacher) read_vector(pair.teacher, from + 16);
      return pair;
    }

    // A vector load of read_vector() requires this alignment.
    static constexpr uint32_t kAligned = Teacher::kBytes < 16 ? 8 : 16;

    template <class Vector>
    __device__ __forceinline__ static void read_vector(Vector& vector, const unsigned char* from) {
      if constexpr (Vector::kWords == 2) {
        const uint2 two = *reinterpret_cast<const uint2*>(from);
        vector.words[0] = two.x;
        vector.words[1] = two.y;
      } else {
#pragma unroll
        for (int w = 0; w < Vector::kWords; w += 4) {
          const uint4 four = *reinterpret_cast<const uint4*>(from + w * 4);
          vector.words[w] = four.x;
          vector.words[w + 1] = four.y;
          vector.words[w + 2] = four.z;
          vector.words[w + 3] = four.w;
        }
      }
    }

    // Reads a vector that starts teacher_shift bytes behind the start of a granule. The word loads are aligned; the
    // bytes that remain of the shift are taken out of two neighbouring words.
    __device__ __forceinline__ void read_shifted(Teacher& vector, const unsigned char* granule) const {
      const uint32_t* words = reinterpret_cast<const uint32_t*>(granule + teacher_shift / 4 * 4);
      uint32_t bits = teacher_shift % 4 * 8, low = words[0];
#pragma unroll
      for (int w = 0; w < Teacher::kWords; w++) {
        uint32_t high = words[w + 1];  // the stage has one granule more than its vectors
        vector.words[w] = funnel_shift(low, high, bits);
        low = high;
      }
    }

    template <class Vector>
    __device__ __forceinline__ static void store_vector(const Vector& vector, unsigned char* to) {
#pragma unroll
      for (int w = 0; w < Vector::kWords; w++) reinterpret_cast<uint32_t*>(to)[w] = vector.words[w];
    }
  };
};

}  // namespace temper
