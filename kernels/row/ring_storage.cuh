// Row storage in a ring of stages in shared memory, for compute capability 9.0 and later (storage.cuh describes the
// interface). A producing warp copies rows into the ring, and the threads of the group, the consumers, compute them.
// The ring is larger than a block's part of a row, so that the next row arrives while a row is reduced.
//
// A stage has two mbarriers. `full` completes a phase when the producer has arrived and all bytes of its copies are in
// the stage. `empty` completes a phase when every consumer warp has arrived, after its last read of the stage.
// The hazards:
//  - A stage could be refilled while a warp still reads it. The producer waits for `empty` before it writes to a stage.
//  - Producer and consumers could disagree about the stages of a row, because another thread may change a label or a
//    weight. The producer loads the task of a row, and the consumers read it in the header of the row's first stage. An
//    ignored row takes one stage without bytes.
//  - A block could exit while copies to its shared memory are in flight. The consumers wait for every stage that the
//    producer fills, also for those of ignored rows.
#pragma once

#include "../row_inputs.cuh"
#include "vectorised_row.cuh"

namespace temper {

// What the consumers of a row need besides its logits, computed once by the producer.
struct alignas(16) RingHeader {
  int32_t label;
  float weight, temperature;
  uint8_t flags, front, ends, teacher_shift;  // flags: 1 ignored, 2 valid; the rest as in RingPart
  int32_t first, count, stages, behind;
};

// The vectors of a row that are copied in granules of 16 bytes, and the block's part of them.
struct RingPart {
  int first = 0, count = 0;        // the block's vectors
  int front = 0, behind = 0;       // the row's first vector that is copied, and the first one behind these
  int ends = 0;                    // the row's other vectors, which the first block of a cluster has
  int stages = 1;                  // stages of the block's part, at least one
  uint32_t teacher_shift = 0;      // bytes between a granule and the teacher's first vector

  // The vector with a number of an end.
  __device__ __forceinline__ int end_vector(int end) const { return end < front ? end : behind + end - front; }

  __device__ __forceinline__ RingHeader header(const RowTask& task) const {
    return {int32_t(task.label),
            task.weight,
            task.temperature,
            uint8_t((task.ignored ? 1 : 0) | (task.valid ? 2 : 0)),
            uint8_t(front),
            uint8_t(ends),
            uint8_t(teacher_shift),
            first,
            count,
            stages,
            behind};
  }

  __device__ __forceinline__ static RingPart of(const RingHeader& header) {
    return {header.first, header.count, header.front, header.behind, header.ends, header.stages, header.teacher_shift};
  }
};

__device__ __forceinline__ RowTask task_of(const RingHeader& header) {
  RowTask task;
  task.label = header.label;
  task.weight = header.weight;
  task.temperature = header.temperature;
  task.ignored = (header.flags & 1) != 0;
  task.valid = (header.flags & 2) != 0;
  return task;
}

// Stages with VECTORS vectors of each tensor for each consumer thread, as many as fit into the shared memory of the
// launch. RowPlan.sharedBytes() computes its size.
template <int VECTORS> struct RingStorage {
  static constexpr bool kOnChip = true, kPrefetches = false, kRing = true;
  static constexpr int kProducers = 32;

  template <class Row, class ThreadGroup> struct Instance {
    using Pair = typename Row::Pair;
    using Student = typename Pair::Student;
    using Teacher = typename Pair::Teacher;
    static constexpr bool kTeacher = Pair::kTeacher;
    static constexpr int kThreads = ThreadGroup::kThreads, kStep = kThreads, kStageVectors = VECTORS * kThreads;
    // The columns of a row that cannot be copied in granules of 16 bytes are in at most so many vectors.
    static constexpr int kEnds = kTeacher && Teacher::kBytes < 16 ? 6 : 4;
    static constexpr int kEndBytes = 16 + (kTeacher ? Teacher::kBytes : 0);
    // A teacher whose granules are not those of the student has one more granule in a stage.
    static constexpr int kStageBytes = kStageVectors * 16 + (kTeacher ? kStageVectors * Teacher::kBytes + 16 : 0);

    static constexpr int kMostStages = 7;
    static constexpr int kFull = ThreadGroup::kScratchBytes, kEmpty = kFull + kMostStages * 8;
    static constexpr int kHeaders = kEmpty + kMostStages * 8;
    static constexpr int kEndsAt = kHeaders + kMostStages * int(sizeof(RingHeader));
    static constexpr int kStages = (kEndsAt + kMostStages * kEnds * kEndBytes + 127) / 128 * 128;
    static_assert(kFull % 16 == 0, "headers are aligned to 16 bytes");

    // The number of stages of the ring.
    __device__ __forceinline__ static uint32_t ring_stages() {
      return min((dynamic_shared_bytes() - uint32_t(kStages)) / uint32_t(kStageBytes), uint32_t(kMostStages));
    }

    // A stage, and the parity of its phase. Producer and consumers pass through all stages in the same order.
    struct Position {
      uint32_t stage = 0, parity = 0;

      __device__ __forceinline__ void advance(int stages, uint32_t ring) {
        stage += uint32_t(stages);
        if (stage >= ring) {
          stage -= ring;
          parity ^= 1;
        }
      }
    };

    // Copied are the vectors in bounds of which the teacher's granules are in the row. Each block of a cluster has
    // consecutive ones.
    __device__ __forceinline__ static RingPart part_of(const Row& row, uint32_t block_rank, bool contributes) {
      RingPart part;
      if (!contributes) return part;
      VectorRange in_bounds = row.in_bounds();
      int front = in_bounds.first, behind = max(in_bounds.end, in_bounds.first);
      if constexpr (kTeacher) {
        auto address = [&](int vector) { return reinterpret_cast<uintptr_t>(row.teacher.address(vector)); };
        uintptr_t begin = reinterpret_cast<uintptr_t>(row.teacher.origin + row.misalignment);
        uintptr_t end = reinterpret_cast<uintptr_t>(row.teacher.origin + row.misalignment + row.classes);
        constexpr int kTries = Teacher::kBytes < 16 ? 2 : 1;
#pragma unroll
        for (int i = 0; i < kTries; i++) {
          if ((address(front) & ~uintptr_t(15)) < begin) front++;
          if (((address(behind) + 15) & ~uintptr_t(15)) > end) behind--;
        }
        behind = max(behind, front);
        part.teacher_shift = uint32_t(address(front)) & 15;
      }
      // Even, so that all parts have the same teacher_shift.
      int most = behind - front;
      if constexpr (ThreadGroup::kCluster > 1)
        most = (most + 2 * ThreadGroup::kCluster - 1) / (2 * ThreadGroup::kCluster) * 2;
      part.front = front;
      part.behind = behind;
      part.ends = block_rank == 0 ? front + row.vectors - behind : 0;
      part.first = front + int(block_rank) * most;
      part.count = max(min(most, behind - part.first), 0);
      part.stages = max((part.count + kStageVectors - 1) / kStageVectors, 1);
      return part;
    }

    // The producing warp, and the mbarriers of the block.
    struct Producer {
      Position at;
      uint32_t ring = ring_stages();

      __device__ __forceinline__ static void begin() {
        mbarriers_init<kMostStages>(barrier(kFull, 0), 1);
        mbarriers_init<kMostStages>(barrier(kEmpty, 0), kThreads / 32);
      }

      __device__ __forceinline__ void fill(const Row& row, const RowTask& task, uint32_t block_rank) {
        const int lane = int(threadIdx.x % 32);
        const RingPart part = part_of(row, block_rank, task.contributes());
        for (int i = 0; i < part.stages; i++) {
          mbarrier_wait(barrier(kEmpty, at.stage), at.parity ^ 1);
          if (i == 0 && lane == 0) header(at.stage) = part.header(task);
          if (i == part.stages - 1) store_ends(row, part, lane);
          __syncwarp();
          if (lane == 0) copy(row, part, i);
          at.advance(1, ring);
        }
      }

     private:
      __device__ __forceinline__ void store_ends(const Row& row, const RingPart& part, int lane) const {
        if (lane < part.ends) {
          unsigned char* to = end_of(at.stage, lane);
          int vector = part.end_vector(lane);
          store_vector(row.student.load_elements(vector, Row::kStudentFill), to);
          if constexpr (kTeacher) store_vector(row.teacher.load_elements(vector, Row::kTeacherFill), to + 16);
        }
      }

      __device__ __forceinline__ void copy(const Row& row, const RingPart& part, int i) const {
        int vectors = min(part.count - i * kStageVectors, kStageVectors);
        int first = part.first + i * kStageVectors;
        uint64_t* full = barrier(kFull, at.stage);
        unsigned char* to = stage_at(at.stage);
        uint32_t student_bytes = uint32_t(vectors) * 16, teacher_bytes = 0;
        if constexpr (kTeacher)
          if (vectors > 0)
            teacher_bytes = (part.teacher_shift + uint32_t(vectors) * Teacher::kBytes + 15) / 16 * 16;
        mbarrier_expect(full, student_bytes + teacher_bytes);
        if (vectors == 0) return;
        bulk_copy(to, row.student.address(first), student_bytes, full);
        if constexpr (kTeacher)
          bulk_copy(to + kStageVectors * 16,
                    reinterpret_cast<const unsigned char*>(row.teacher.address(first)) - part.teacher_shift,
                    teacher_bytes, full);
      }
    };

    Position head;  // the row's first stage
    uint32_t ring = ring_stages();
    RingPart part;

    __device__ __forceinline__ Instance() {}

    // Waits for the row's first stage and returns its task.
    __device__ __forceinline__ RowTask begin() {
      mbarrier_wait(barrier(kFull, head.stage), head.parity);
      const RingHeader& row = header(head.stage);
      part = RingPart::of(row);
      return task_of(row);
    }

    // Releases all stages of the row, unless the last sweep has done so, and goes to the next row.
    __device__ __forceinline__ void end(bool released) {
      Position at = head;
      if (!released)
        for (int i = 0; i < part.stages; i++) {
          release(at);
          at.advance(1, ring);
        }
      head.advance(part.stages, ring);
    }

    template <class F> __device__ __forceinline__ void for_each(const Row& row, const ThreadGroup&, F f) {
      sweep<false>([&](const auto& pairs, int vector) { each(pairs, vector, f); }, f);
    }

    template <class F> __device__ __forceinline__ void for_each_several(const Row&, const ThreadGroup&, F f) {
      sweep<false>([&](const auto& pairs, int vector) { f(pairs, vector, true); },
                   [&](const Pair& pair, int vector) {
                     const Pair one[1] = {pair};
                     f(one, vector, false);
                   });
    }

    template <class F> __device__ __forceinline__ void for_each_again(const Row&, const ThreadGroup&, F f) {
      Position at = head;
#pragma unroll 1
      for (int i = 0; i < part.stages; i++) {
        mbarrier_wait(barrier(kFull, at.stage), at.parity);
#pragma unroll 1
        for (int place = int(threadIdx.x); place < min(part.count - i * kStageVectors, kStageVectors);
             place += kThreads)
          f(read(at.stage, place), part.first + i * kStageVectors + place);
        if (i == part.stages - 1 && int(threadIdx.x) < part.ends) f(read_end(at.stage, int(threadIdx.x)), end_vector());
        at.advance(1, ring);
      }
    }

    // The last sweep over the row: a stage is released as soon as its vectors are in registers.
    template <class F>
    __device__ __forceinline__ void for_each(const Row&, const ThreadGroup&, VectorRange range, F f, const Row&, bool) {
      bool aligned = range.end > 0;
      sweep<true>([&](const auto& pairs, int vector) {
#pragma unroll
        for (int j = 0; j < VECTORS; j++) f(pairs[j], vector + j * kThreads, aligned);
      }, [&](const Pair& pair, int vector) { f(pair, vector, false); });
    }

    // The calling thread's rank if it has the vector, else -1.
    __device__ __forceinline__ int owner(const Row& row, const ThreadGroup& group, int vector) const {
      bool is_end = vector < part.front || vector >= part.behind;
      int place = vector - part.first, end = vector < part.front ? vector : vector - part.behind + part.front;
      bool own = is_end ? end == int(threadIdx.x) && end < part.ends
                        : place >= 0 && place < part.count && place % kThreads == int(threadIdx.x);
      return own ? int(group.thread_rank) : -1;
    }

    template <class F>
    __device__ __forceinline__ void visit(const Row& row, const ThreadGroup& group, int wanted, F f) {
      if (owner(row, group, wanted) < 0) return;
      bool is_end = wanted < part.front || wanted >= part.behind;
      int place = wanted - part.first;
      Position at = head;
      at.advance(is_end ? part.stages - 1 : place / kStageVectors, ring);
      f(is_end ? read_end(at.stage, int(threadIdx.x)) : read(at.stage, place % kStageVectors));
    }

   private:
    // Calls several(pairs, vector) with VECTORS vectors of a stage, vector and every kThreads-th one behind it, and
    // one(pair, vector) with the vectors that are left. LAST: also releases the stages.
    template <bool LAST, class Several, class One> __device__ __forceinline__ void sweep(Several several, One one) {
      const int thread = int(threadIdx.x);
      Position at = head;
      int left = part.count - thread, vector = part.first + thread;
#pragma unroll 1
      for (int i = 1;; i++) {
        mbarrier_wait(barrier(kFull, at.stage), at.parity);
        if (left > (VECTORS - 1) * kThreads) {
          Pair pairs[VECTORS];
          read(pairs, at.stage, thread);
          if (LAST && i < part.stages) release(at);
          several(pairs, vector);
          left -= kStageVectors;
          vector += kStageVectors;
        }
        if (i >= part.stages) break;
        at.advance(1, ring);
      }
      // The last stage's vectors without VECTORS - 1 others, then an end.
      int singles = left > 0 ? (left + kThreads - 1) / kThreads : 0, all = singles + (thread < part.ends ? 1 : 0);
      Position last = at;
#pragma unroll 1
      for (int i = 0; i < all; i++) {
        int place = vector - part.first - (part.stages - 1) * kStageVectors + i * kThreads;
        if (i < singles)
          one(read(last.stage, place), vector + i * kThreads);
        else
          one(read_end(last.stage, thread), end_vector());
      }
      if (LAST) release(last);
    }

    template <class Pairs, class F> __device__ __forceinline__ static void each(const Pairs& pairs, int vector, F f) {
#pragma unroll
      for (int j = 0; j < VECTORS; j++) f(pairs[j], vector + j * kThreads);
    }

    // The vector of the calling thread's end.
    __device__ __forceinline__ int end_vector() const { return part.end_vector(int(threadIdx.x)); }

    __device__ __forceinline__ static uint64_t* barrier(int offset, uint32_t stage) {
      return reinterpret_cast<uint64_t*>(dynamic_shared() + offset) + stage;
    }
    __device__ __forceinline__ static RingHeader& header(uint32_t stage) {
      return reinterpret_cast<RingHeader*>(dynamic_shared() + kHeaders)[stage];
    }
    __device__ __forceinline__ static unsigned char* end_of(uint32_t stage, int end) {
      return dynamic_shared() + kEndsAt + (stage * kEnds + uint32_t(end)) * kEndBytes;
    }
    __device__ __forceinline__ static unsigned char* stage_at(uint32_t stage) {
      return dynamic_shared() + kStages + stage * kStageBytes;
    }

    // A warp's arrival orders its lanes' earlier reads before the next copy to the stage.
    __device__ __forceinline__ static void release(const Position& at) {
      __syncwarp();
      if (threadIdx.x % 32 == 0) mbarrier_arrive(barrier(kEmpty, at.stage));
    }

    __device__ __forceinline__ Pair read(uint32_t stage, int place) const {
      Pair pairs[1];
      read(pairs, stage, place);
      return pairs[0];
    }

    // Reads vectors at a distance of kThreads, the teacher's with one branch for all of them.
    template <int N> __device__ __forceinline__ void read(Pair (&pairs)[N], uint32_t stage, int place) const {
      const unsigned char* student = stage_at(stage) + place * 16;
#pragma unroll
      for (int j = 0; j < N; j++) read_vector(pairs[j].student, student + j * kThreads * 16);
      if constexpr (kTeacher) {
        const unsigned char* teacher = stage_at(stage) + kStageVectors * 16 + place * Teacher::kBytes;
        if (part.teacher_shift % kAligned == 0)
#pragma unroll
          for (int j = 0; j < N; j++)
            read_vector(pairs[j].teacher, teacher + part.teacher_shift + j * kThreads * Teacher::kBytes);
        else
#pragma unroll
          for (int j = 0; j < N; j++) read_shifted(pairs[j].teacher, teacher + j * kThreads * Teacher::kBytes);
      }
    }

    __device__ __forceinline__ static Pair read_end(uint32_t stage, int end) {
      const unsigned char* from = end_of(stage, end);
      Pair pair;
      read_vector(pair.student, from);
      if constexpr (kTeacher) read_vector(pair.teacher, from + 16);
      return pair;
    }

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

    // A vector that starts teacher_shift bytes behind a granule: words, shifted by the bytes that are left.
    __device__ __forceinline__ void read_shifted(Teacher& vector, const unsigned char* granule) const {
      const uint32_t* words = reinterpret_cast<const uint32_t*>(granule + part.teacher_shift / 4 * 4);
      uint32_t bits = part.teacher_shift % 4 * 8, low = words[0];
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
