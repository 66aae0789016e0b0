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

// What the consumers of a row need besides its logits.
struct alignas(16) RingHeader {
  int32_t label;
  float weight, temperature;
  uint16_t ignored, valid;

  __device__ __forceinline__ static RingHeader of(const RowTask& task) {
    return {int32_t(task.label), task.weight, task.temperature, uint16_t(task.ignored), uint16_t(task.valid)};
  }
  __device__ __forceinline__ RowTask task() const {
    RowTask task;
    task.label = label;
    task.weight = weight;
    task.temperature = temperature;
    task.ignored = ignored != 0;
    task.valid = valid != 0;
    return task;
  }
};

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
    static constexpr int kThreads = ThreadGroup::kThreads, kStageVectors = VECTORS * kThreads;
    // The columns of a row that cannot be copied in granules of 16 bytes are in at most so many vectors.
    static constexpr int kEnds = kTeacher && Teacher::kBytes < 16 ? 6 : 4;
    static constexpr int kEndBytes = 16 + (kTeacher ? Teacher::kBytes : 0);
    // A teacher whose granules are not those of the student has one more granule in a stage.
    static constexpr int kStageBytes = kStageVectors * 16 + (kTeacher ? kStageVectors * Teacher::kBytes + 16 : 0);

    static constexpr int kMostStages = 8;
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

    // The vectors of a row that are copied in granules: those in bounds of which the teacher's granules are in the row.
    // Each block of a cluster has consecutive ones.
    struct Part {
      int first, count;        // the block's vectors
      int front, behind;       // the row's first vector that is copied, and the first one behind these
      int stages;              // at least one
      uint32_t teacher_shift;  // bytes between a granule and the teacher's first vector

      __device__ __forceinline__ Part(const Row& row, uint32_t block_rank) {
        VectorRange in_bounds = row.in_bounds();
        front = in_bounds.first;
        behind = max(in_bounds.end, front);
        teacher_shift = 0;
        if constexpr (kTeacher) {
          using Bits = typename RowView<typename Row::TeacherDType, Row::K>::Bits;
          uintptr_t begin = reinterpret_cast<uintptr_t>(row.teacher.origin + row.misalignment);
          uintptr_t end = begin + uintptr_t(row.classes) * sizeof(Bits);
          constexpr int kTries = Teacher::kBytes < 16 ? 2 : 1;
#pragma unroll
          for (int i = 0; i < kTries; i++) {
            if ((address(row, front) & ~uintptr_t(15)) < begin) front++;
            if (((address(row, behind) + 15) & ~uintptr_t(15)) > end) behind--;
          }
          behind = max(behind, front);
          teacher_shift = uint32_t(address(row, front)) & 15;
        }
        // Even, so that all parts have the same teacher_shift.
        int most = (behind - front + ThreadGroup::kCluster - 1) / ThreadGroup::kCluster;
        if constexpr (ThreadGroup::kCluster > 1) most = (most + 1) / 2 * 2;
        first = front + int(block_rank) * most;
        count = max(min(most, behind - first), 0);
        stages = max((count + kStageVectors - 1) / kStageVectors, 1);
      }

      __device__ __forceinline__ int ends(const Row& row) const { return front + row.vectors - behind; }
      __device__ __forceinline__ int end_vector(int end) const { return end < front ? end : behind + end - front; }

     private:
      __device__ __forceinline__ static uintptr_t address(const Row& row, int vector) {
        return reinterpret_cast<uintptr_t>(row.teacher.address(vector));
      }
    };

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
        const Part part(row, block_rank);
        const int stages = task.contributes() ? part.stages : 1;
        for (int i = 0; i < stages; i++) {
          mbarrier_wait(barrier(kEmpty, at.stage), at.parity ^ 1);
          if (i == 0 && lane == 0) header(at.stage) = RingHeader::of(task);
          if (i == stages - 1 && task.contributes() && block_rank == 0) store_ends(row, part, lane);
          __syncwarp();
          if (lane == 0) copy(row, part, i, task.contributes());
          at.advance(1, ring);
        }
      }

     private:
      __device__ __forceinline__ void store_ends(const Row& row, const Part& part, int lane) const {
        for (int end = lane; end < part.ends(row); end += 32) {
          unsigned char* to = end_of(at.stage, end);
          int vector = part.end_vector(end);
          store_vector(row.student.load_elements(vector, Row::kStudentFill), to);
          if constexpr (kTeacher) store_vector(row.teacher.load_elements(vector, Row::kTeacherFill), to + 16);
        }
      }

      __device__ __forceinline__ void copy(const Row& row, const Part& part, int i, bool contributes) const {
        int vectors = contributes ? max(min(part.count - i * kStageVectors, kStageVectors), 0) : 0;
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
    int first = 0, count = 0, stages = 1, front = 0, behind = 0, ends = 0;
    uint32_t teacher_shift = 0;

    __device__ __forceinline__ Instance() {}

    // Waits for the row's first stage and returns its task.
    __device__ __forceinline__ RowTask wait_for_task() const {
      mbarrier_wait(barrier(kFull, head.stage), head.parity);
      return header(head.stage).task();
    }

    __device__ __forceinline__ void begin(const Row& row, uint32_t block_rank, bool contributes) {
      const Part part(row, block_rank);
      first = part.first;
      count = contributes ? part.count : 0;
      stages = contributes ? part.stages : 1;
      front = part.front;
      behind = part.behind;
      ends = block_rank == 0 && contributes ? part.ends(row) : 0;
      teacher_shift = part.teacher_shift;
    }

    // Releases all stages of the row, unless the last sweep has done so, and goes to the next row.
    __device__ __forceinline__ void end(bool released) {
      Position at = head;
      if (!released)
        for (int i = 0; i < stages; i++) {
          release(at);
          at.advance(1, ring);
        }
      head.advance(stages, ring);
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
      for (int i = 0; i < stages; i++) {
        mbarrier_wait(barrier(kFull, at.stage), at.parity);
#pragma unroll 1
        for (int place = int(threadIdx.x); place < min(count - i * kStageVectors, kStageVectors); place += kThreads)
          f(read(at.stage, place), first + i * kStageVectors + place);
        if (i == stages - 1 && int(threadIdx.x) < ends) f(read_end(at.stage, int(threadIdx.x)), end_vector());
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
      bool is_end = vector < front || vector >= behind;
      int place = vector - first, end = vector < front ? vector : vector - behind + front;
      bool own = is_end ? end == int(threadIdx.x) && end < ends
                        : place >= 0 && place < count && place % kThreads == int(threadIdx.x);
      return own ? int(group.thread_rank) : -1;
    }

    template <class F> __device__ __forceinline__ void visit(const Row& row, const ThreadGroup& group, int wanted, F f) {
      if (owner(row, group, wanted) < 0) return;
      bool is_end = wanted < front || wanted >= behind;
      int place = wanted - first;
      Position at = head;
      at.advance(is_end ? stages - 1 : place / kStageVectors, ring);
      f(is_end ? read_end(at.stage, int(threadIdx.x)) : read(at.stage, place % kStageVectors));
    }

   private:
    // Calls several(pairs, vector) with VECTORS vectors of a stage, vector and every kThreads-th one behind it, and
    // one(pair, vector) with the vectors that are left. LAST: also releases the stages.
    template <bool LAST, class Several, class One> __device__ __forceinline__ void sweep(Several several, One one) {
      const int thread = int(threadIdx.x);
      Position at = head;
      int left = count - thread, vector = first + thread;
#pragma unroll 1
      for (int i = 1;; i++) {
        mbarrier_wait(barrier(kFull, at.stage), at.parity);
        if (left > (VECTORS - 1) * kThreads) {
          Pair pairs[VECTORS];
          read(pairs, at.stage, thread);
          if (LAST && i < stages) release(at);
          several(pairs, vector);
          left -= kStageVectors;
          vector += kStageVectors;
        }
        if (i >= stages) break;
        at.advance(1, ring);
      }
      // The last stage's vectors without VECTORS - 1 others, then an end.
      int singles = left > 0 ? (left + kThreads - 1) / kThreads : 0, all = singles + (thread < ends ? 1 : 0);
      Position last = at;
#pragma unroll 1
      for (int i = 0; i < all; i++) {
        int place = vector - first - (stages - 1) * kStageVectors + i * kThreads;
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
    __device__ __forceinline__ int end_vector() const {
      int end = int(threadIdx.x);
      return end < front ? end : behind + end - front;
    }

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
        if (teacher_shift % kAligned == 0)
#pragma unroll
          for (int j = 0; j < N; j++)
            read_vector(pairs[j].teacher, teacher + teacher_shift + j * kThreads * Teacher::kBytes);
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
