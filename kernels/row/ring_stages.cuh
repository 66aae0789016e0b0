// The stages of a ring (ring_storage.cuh) in shared memory: their layout, and the vectors that are read from them.
//
// The layout of a stage: header, two mbarriers, ends, vectors of the student, vectors of the teacher. The teacher has
// room for one granule more than its vectors fill, because a misaligned teacher begins and ends inside a granule.
#pragma once

#include "ring_row.cuh"

namespace temper {

// A stage holds VECTORS vectors of each tensor for each consumer thread. A block's part of a row takes some full
// stages, and one last stage for the vectors that are left, possibly none, and for the ends. The ring has as many
// stages as fit into the shared memory of the launch, whose size RowPlan.sharedBytes() computes.
template <int VECTORS, class RowType, class ThreadGroup> struct RingStages {
  using Row = RowType;
  using Pair = typename Row::Pair;
  using Teacher = typename Pair::Teacher;
  using Part = RingPart<Row>;
  static constexpr bool kTeacher = Pair::kTeacher;
  static constexpr int kThreads = ThreadGroup::kThreads, kCluster = ThreadGroup::kCluster;
  static constexpr int kStageVectors = VECTORS * kThreads;
  // An end of the student and one of the teacher, each in whole granules: loads of 16 bytes must be aligned.
  static constexpr int kEndBytes = 16 + (kTeacher ? (Teacher::kBytes + 15) / 16 * 16 : 0);

  static constexpr int kFull = int(sizeof(RingHeader)), kEmpty = kFull + 8, kEndsAt = kFull + 16;
  static constexpr int kStudentAt = kEndsAt + Part::kEnds * kEndBytes, kTeacherAt = kStudentAt + kStageVectors * 16;
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

  // The address of the first byte after the last stage.
  __device__ __forceinline__ static uint32_t ring_end() {
    return first_stage() + (dynamic_shared_bytes() - kFirst) / kStageBytes * kStageBytes;
  }

  // The number of stages of a block's part of a row with `vectors` vectors.
  __device__ __forceinline__ static int stages_of(int vectors) { return vectors / kStageVectors + 1; }

  // Reads N vectors at a distance of kThreads vectors. `place` is the offset of the first vector in bytes of the
  // student, from which its offset in the teacher is computed. The first vector of the teacher starts `shift` bytes
  // after the start of a granule. One branch decides for all vectors whether the teacher is shifted.
  template <int N>
  __device__ __forceinline__ static void read(Pair (&pairs)[N], const Position& at, uint32_t place, uint32_t shift) {
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
      if (shift % kAligned == 0) {
        if constexpr (kAligned < 16) teacher += shift;
#pragma unroll
        for (int j = 0; j < N; j++) read_vector(pairs[j].teacher, teacher + j * kThreads * Teacher::kBytes);
      } else {
#pragma unroll
        for (int j = 0; j < N; j++) read_shifted(pairs[j].teacher, teacher + j * kThreads * Teacher::kBytes, shift);
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

  // Loads an end element by element, and stores it in the stage.
  __device__ __forceinline__ static void store_end(const Row& row, int vector, const Position& at, int number) {
    unsigned char* to = at.at(kEndsAt) + number * kEndBytes;
    store_vector(row.student.load_elements(vector, Row::kStudentFill), to);
    if constexpr (kTeacher) store_vector(row.teacher.load_elements(vector, Row::kTeacherFill), to + 16);
  }

 private:
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

  // Reads a vector that starts `shift` bytes after the start of a granule. The word loads are aligned. A funnel shift
  // of two neighbouring words applies the rest of the shift, 0 to 3 bytes.
  __device__ __forceinline__ static void read_shifted(Teacher& vector, const unsigned char* granule, uint32_t shift) {
    const uint32_t* words = reinterpret_cast<const uint32_t*>(granule + shift / 4 * 4);
    uint32_t bits = shift % 4 * 8, low = words[0];
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

}  // namespace temper
