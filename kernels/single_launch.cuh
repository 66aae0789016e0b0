// Begin and end of a loss kernel that is the only launch of a call: it checks the rows of the whole batch before it
// writes anything, and the block that finishes last adds up the row losses and writes the report. Every block checks
// all rows. That is fast only if the batch has few rows and the kernel is persistent and thus has few blocks. Other
// loss kernels run between the check kernel and the totals kernel.
//
// All blocks read the same labels, weights and temperatures, and therefore all of them find the same invalid rows. If
// another stream changes a value during the launch, blocks may differ: some may write although others found an invalid
// row, and a block may wait in vain for one that differs. mbarrier_wait() ends the launch with an error then.
#pragma once

#include "loss/body.cuh"
#include "totals.cuh"

namespace temper {

constexpr int kMostParts = 4;  // parts of the totals of the largest batch with a single launch

// What the check of some rows found. A bad_ field holds ~row of the first invalid row, or 0.
struct RowCheck {
  uint32_t bad_label = 0, bad_weight = 0, bad_temperature = 0;
  uint32_t labelled = 0;

  __device__ __forceinline__ static uint32_t first(uint32_t a, uint32_t b) { return a > b ? a : b; }

  __device__ __forceinline__ void reduce_lanes() {
    for (int distance = 16; distance > 0; distance /= 2) {
      bad_label = first(bad_label, __shfl_xor_sync(~0u, bad_label, distance));
      bad_weight = first(bad_weight, __shfl_xor_sync(~0u, bad_weight, distance));
      bad_temperature = first(bad_temperature, __shfl_xor_sync(~0u, bad_temperature, distance));
      labelled += __shfl_xor_sync(~0u, labelled, distance);
    }
  }

  __device__ __forceinline__ bool found_invalid() const { return (bad_label | bad_weight | bad_temperature) != 0; }

  // Adds the invalid rows to the status of the launch, which the last block copies to the report.
  __device__ __forceinline__ void note_in(BatchStatus& status) const {
    if (bad_label != 0) note_first(&status.bad_label, ~bad_label);
    if (bad_weight != 0) note_first(&status.bad_weight, ~bad_weight);
    if (bad_temperature != 0) note_first(&status.bad_temperature, ~bad_temperature);
  }
};

template <class Spec> struct SingleLaunch {
  using ThreadGroup = typename Spec::ThreadGroup;
  using Storage = typename Spec::Storage;
  static constexpr int kThreads = ThreadGroup::kThreads;
  static constexpr bool kRing = Storage::kProducers > 0;
  // Whether this kernel can be the only launch of a call: a block or a cluster computes each row, and the kernel is
  // persistent in some launches.
  static constexpr bool kPossible =
      ThreadGroup::kSeveralWarps && (kRing || (Storage::kPrefetches && Spec::kPass != Pass::kForward));

  const LossParameters& p;

  // Checks all rows of the batch if this is the only launch of the call. All threads call this before they load a row.
  __device__ __forceinline__ void check(const ThreadGroup& group) const {
    if constexpr (kPossible) {
      if (p.single_launch == 0) return;
      prefetch_first_row(group);
      const RowCheck check = check_rows();
      if (threadIdx.x != 0) return;
      if (check.found_invalid()) check.note_in(*p.status);
      shared_constants<ThreadGroup>() = LaunchConstants::of(p, check.found_invalid(), check.labelled);
    }
  }

  // Returns the launch constants in all threads of the block. In a single launch check() has computed them.
  __device__ __forceinline__ LaunchConstants constants() const {
    if constexpr (kPossible) {
      LaunchConstants& constants = shared_constants<ThreadGroup>();
      if (threadIdx.x == 0 && p.single_launch == 0) constants = LaunchConstants::of(p);
      __syncthreads();
      return constants;
    }
    return launch_constants<ThreadGroup>(p);
  }

  // The block that finishes last adds up the row losses and writes the report. All threads of a block call this after
  // its last row, or at once if the launch is invalid.
  __device__ __forceinline__ void end() const {
    if constexpr (kPossible) {
      if (p.single_launch == 0) return;
      const LaunchConstants constants = shared_constants<ThreadGroup>();
      __syncthreads();  // orders the stores of all row losses, and the reads of shared memory that is reused below
      int& last = *reinterpret_cast<int*>(dynamic_shared() + ThreadGroup::kLateScratch);
      if (threadIdx.x == 0) last = is_last_block(p) ? 1 : 0;
      __syncthreads();
      if (last == 0) return;
      TotalsPart sum = {};
      if (constants.invalid == 0) sum = add_parts();
      if (threadIdx.x != 0) return;
      BatchStatus status = {};
      if (p.status != nullptr) {
        const volatile BatchStatus& found = *p.status;
        status = {found.bad_label, found.bad_weight, found.bad_temperature, 0, 0, uint64_t(constants.labelled)};
      }
      report(p, sum, status, constants.labelled);
    }
  }

 private:
  // Number of rows whose loads a thread has in flight together. More would take registers from the row storage.
  static constexpr int kChecksInFlight = 4;

  // Starts the transfer of the group's first row to L2, which continues during the check.
  __device__ __forceinline__ void prefetch_first_row(const ThreadGroup& group) const {
    if (threadIdx.x >= unsigned(kThreads) || group.first_row() >= p.rows) return;
    using Student = typename Spec::Student;
    using Teacher = typename Spec::Teacher;
    const int64_t row = group.first_row();
    prefetch(static_cast<const typename Student::Bits*>(p.student) + row * p.student_stride, group);
    if constexpr (Spec::kSoft)
      prefetch(static_cast<const typename Teacher::Bits*>(p.teacher) + row * p.teacher_stride, group);
  }

  template <class Bits> __device__ __forceinline__ void prefetch(const Bits* row, const ThreadGroup& group) const {
    constexpr int kLine = 128 / int(sizeof(Bits));
    for (int i = int(group.thread_rank) * kLine; i < p.classes; i += int(group.size()) * kLine) prefetch_to_l2(row + i);
  }

  // Calls visit(row, load(row)) for the rows of the calling thread. The loads of several rows are issued before any of
  // the values is used.
  template <class Value, class Load, class Visit>
  __device__ __forceinline__ void for_each_row(Load load, Visit visit) const {
    const int rows = int(p.rows);
#pragma unroll 1
    for (int row = int(threadIdx.x); row < rows; row += kThreads * kChecksInFlight) {
      Value values[kChecksInFlight];
#pragma unroll
      for (int i = 0; i < kChecksInFlight; i++)
        if (row + i * kThreads < rows) values[i] = load(row + i * kThreads);
#pragma unroll
      for (int i = 0; i < kChecksInFlight; i++)
        if (row + i * kThreads < rows) visit(uint32_t(row + i * kThreads), values[i]);
    }
  }

  // Checks all rows of the batch. The result is in the first warp.
  __device__ __forceinline__ RowCheck check_rows() const {
    uint4* warps = reinterpret_cast<uint4*>(dynamic_shared() + ThreadGroup::kLateScratch);
    RowCheck check;
    if (threadIdx.x < unsigned(kThreads)) {
      if (p.labels != nullptr)
        for_each_row<int64_t>([&](int row) { return label_of(p, row); },
                              [&](uint32_t row, int64_t label) {
                                if (!is_label(p, label)) check.bad_label = RowCheck::first(check.bad_label, ~row);
                                check.labelled += label == p.ignore_index ? 0 : 1;
                              });
      if (p.row_weights != nullptr)
        for_each_row<float>([&](int row) { return p.row_weights[row]; },
                            [&](uint32_t row, float weight) {
                              if (!is_weight(weight)) check.bad_weight = RowCheck::first(check.bad_weight, ~row);
                            });
      if (p.row_temperatures != nullptr)
        for_each_row<float>([&](int row) { return p.row_temperatures[row]; },
                            [&](uint32_t row, float temperature) {
                              if (!is_temperature(temperature))
                                check.bad_temperature = RowCheck::first(check.bad_temperature, ~row);
                            });
      check.reduce_lanes();
      if (threadIdx.x % 32 == 0)
        warps[threadIdx.x / 32] = {check.bad_label, check.bad_weight, check.bad_temperature, check.labelled};
    }
    __syncthreads();
    check = RowCheck();
    if (threadIdx.x < 32) {
      if (threadIdx.x < unsigned(kThreads / 32)) {
        const uint4 of_warp = warps[threadIdx.x];
        check.bad_label = of_warp.x;
        check.bad_weight = of_warp.y;
        check.bad_temperature = of_warp.z;
        check.labelled = of_warp.w;
      }
      check.reduce_lanes();
      if (p.labels == nullptr) check.labelled = uint32_t(p.rows);
    }
    return check;
  }

  // Adds up the row losses of the batch, in the order of the totals kernel. The result is in the first warp. The sums
  // of the parts take the shared memory of the row storage.
  __device__ __forceinline__ TotalsPart add_parts() const {
    using Rows = typename LossRow<Spec>::Storage;
    static_assert(kMostParts * sizeof(WarpSums) <= size_t(kThreads) * 16, "each thread has at least a vector on chip");
    WarpSums* parts = reinterpret_cast<WarpSums*>(Rows::unused_memory());
    const int count = int(p.single_launch), warp = int(threadIdx.x / 32), lane = int(threadIdx.x % 32);
    if (warp < kThreads / 32)
#pragma unroll 1
      for (int i = warp; i < count * kTotalsWarps; i += kThreads / 32) {
        const int part = i / kTotalsWarps;
        const TotalsPart sum = add_rows(p, PartRows::of(p, part, count), i % kTotalsWarps);
        if (lane == 0) parts[part].store(i % kTotalsWarps, sum);
      }
    __syncthreads();
    TotalsPart sum = {};
    if (warp > 0) return sum;
    if (lane < count) sum = parts[lane].add();
    return add_lanes(sum);
  }
};

}  // namespace temper
