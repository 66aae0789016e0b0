// Tests of the runtime. Correct kernels pass in every thread order, and planted defects are found.
// The test has three builds: plain, with the address and undefined-behaviour sanitizers, and with the access tracer.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "toys.h"
#include "tracer.h"

CUDA_HOST_LAUNCHER(toy_sum, ToyParameters)
CUDA_HOST_LAUNCHER(toy_cluster_sum, ToyParameters)
CUDA_HOST_LAUNCHER(toy_exchange_sum, ToyParameters)
CUDA_HOST_LAUNCHER(toy_copy_sum, ToyParameters)
CUDA_HOST_LAUNCHER(toy_copied_by_others_sum, ToyParameters)

using Launcher = decltype(&toy_sum_launch);

constexpr unsigned kOrders = 5;
static int failures = 0;

static void expect(bool holds, const char* what, const std::string& detail) {
  if (holds) return;
  failures++;
  printf("FAILED %s: %s\n", what, detail.c_str());
}

// Runs a kernel in one thread order. Returns an empty string if the launch succeeds with the right values.
static std::string run(Launcher launcher, Defect defect, unsigned cluster, unsigned row_length, int order,
                       uint64_t seed) {
  const unsigned grid = 16, block = 96;
  const unsigned stride = (row_length + 3) / 4 * 4;
  const size_t count = size_t(grid - 1) * stride + row_length;  // the allocation ends with the last row
  void* memory = nullptr;
  if (posix_memalign(&memory, 32, count * 4) != 0) return "out of memory";
  float* values = static_cast<float*>(memory);
  std::vector<float> sums(grid, -1);
  for (size_t i = 0; i < count; i++) values[i] = static_cast<float>(i % 17);
#if defined(CUDA_HOST_TRACE)
  cuda_host_trace_clear();
  int input = cuda_host_trace_buffer(values, count * 4, 0, "values");
  cuda_host_trace_buffer(sums.data(), grid * 4, 1, "sums");
#endif
  ToyParameters p{values, sums.data(), row_length, stride, defect};
  char message[512] = "";
  std::string finding;
  if (launcher(&p, grid, block, cluster, (160 + row_length) * 4, order, seed, message, sizeof message) != 0)
    finding = message;
  for (unsigned b = 0; b < grid && finding.empty(); b++) {
    float expected = 0;
    bool per_cluster = launcher == toy_cluster_sum_launch || launcher == toy_exchange_sum_launch;
    unsigned first = per_cluster ? b / cluster * cluster : b, rows = per_cluster ? cluster : 1;
    for (size_t row = first; row < first + rows; row++)
      for (unsigned i = 0; i < row_length; i++) expected += values[row * stride + i];
    if (!(sums[b] == expected)) finding = "wrong value";
  }
#if defined(CUDA_HOST_TRACE)
  TraceCounts counts;
  cuda_host_trace_counts(input, &counts);
  if (finding.empty() && (counts.most_reads != 1 || counts.bytes_read != uint64_t(grid) * row_length * 4))
    finding = "a value was not read exactly once";
  if (finding.empty() && row_length % 8 == 0 && counts.sectors_read * 32 != counts.bytes_read)
    finding = "partial sectors";
#endif
  free(values);
  return finding;
}

// Whether a run fails. The run is a child process, because a sanitizer ends the process that it finds a defect in.
static bool found(Launcher launcher, Defect defect, unsigned cluster, unsigned row_length, int order, uint64_t seed) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stderr)) _exit(3);
    _exit(run(launcher, defect, cluster, row_length, order, seed).empty() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void correct_kernels_pass() {
  for (int order = 0; order < static_cast<int>(kOrders); order++)
    for (unsigned length : {1u, 96u, 257u, 1024u}) {
      std::string where = "order " + std::to_string(order) + " length " + std::to_string(length) + ": ";
      std::string finding = run(toy_sum_launch, Defect::kNone, 1, length, order, 7);
      expect(finding.empty(), "block sum", where + finding);
      for (unsigned cluster = 1; cluster <= 16; cluster *= 2) {
        finding = run(toy_cluster_sum_launch, Defect::kNone, cluster, length, order, 7);
        expect(finding.empty(), "cluster sum", where + finding);
        if (cluster == 1) continue;  // asynchronous stores need a second block
        finding = run(toy_exchange_sum_launch, Defect::kNone, cluster, length, order, 7);
        expect(finding.empty(), "exchange", where + finding);
      }
      if (length % 4 != 0) continue;
      finding = run(toy_copy_sum_launch, Defect::kNone, 1, length, order, 7);
      expect(finding.empty(), "async copy sum", where + finding);
      finding = run(toy_copied_by_others_sum_launch, Defect::kNone, 1, length, order, 7);
      expect(finding.empty(), "sum of others' copies", where + finding);
    }
}

// Requires that a defect is found in at least `least` of the thread orders.
static void expect_found(const char* name, Launcher launcher, Defect defect, unsigned cluster, unsigned length,
                         unsigned least) {
  unsigned count = 0;
  for (int order = 0; order < static_cast<int>(kOrders); order++)
    count += found(launcher, defect, cluster, length, order, 3);
  printf("  %-22s found in %u of %u orders\n", name, count, kOrders);
  expect(count >= least, name,
         "found in " + std::to_string(count) + " orders, at least " + std::to_string(least) + " expected");
}

static void bad_shapes_are_refused() {
  ToyParameters p{nullptr, nullptr, 0, 0, Defect::kNone};
  char message[256];
  expect(toy_sum_launch(&p, 6, 32, 4, 0, 0, 0, message, sizeof message) != 0, "grid not a multiple of the cluster",
         "accepted");
  expect(toy_sum_launch(&p, 6, 1056, 1, 0, 0, 0, message, sizeof message) != 0, "1056 threads", "accepted");
  expect(toy_sum_launch(&p, 6, 32, 1, 228 * 1024, 0, 0, message, sizeof message) != 0, "228 KiB shared", "accepted");
}

int main() {
  correct_kernels_pass();
  bad_shapes_are_refused();
#if defined(CUDA_HOST_TRACE)
  const bool tracer = true, sanitizer = false;
#elif defined(__SANITIZE_ADDRESS__)
  const bool tracer = false, sanitizer = true;
#else
  const bool tracer = false, sanitizer = false;
#endif
  expect_found("missing barrier", toy_sum_launch, Defect::kMissingBarrier, 1, 100, tracer ? kOrders : 2);
  expect_found("missing 2nd barrier", toy_sum_launch, Defect::kMissingSecondBarrier, 1, 100, tracer ? kOrders : 1);
  expect_found("different masks", toy_sum_launch, Defect::kDifferentMasks, 1, 100, kOrders);
  expect_found("lane outside mask", toy_sum_launch, Defect::kLaneOutsideMask, 1, 100, kOrders);
  expect_found("divergent barrier", toy_sum_launch, Defect::kDivergentBarrier, 1, 100, kOrders);
  expect_found("read before copy wait", toy_copy_sum_launch, Defect::kReadBeforeCopyWait, 1, 100, kOrders);
  expect_found("early exit", toy_cluster_sum_launch, Defect::kEarlyExit, 4, 100, 2);
  expect_found("block for cluster", toy_cluster_sum_launch, Defect::kBlockBarrierForCluster, 4, 100,
               tracer ? kOrders : 3);
  expect_found("store before sync", toy_exchange_sum_launch, Defect::kStoreBeforeClusterSync, 4, 100, kOrders);
  expect_found("read before mbarrier", toy_exchange_sum_launch, Defect::kReadBeforeMbarrierWait, 4, 100, kOrders);
  expect_found("too few bytes", toy_exchange_sum_launch, Defect::kTooFewBytes, 4, 100, kOrders);
  expect_found("too many bytes", toy_exchange_sum_launch, Defect::kTooManyBytes, 4, 100, kOrders);
  expect_found("missing arrival", toy_exchange_sum_launch, Defect::kMissingExpect, 4, 100, kOrders);
  expect_found("single buffer", toy_exchange_sum_launch, Defect::kSingleBuffer, 4, 100, tracer ? kOrders : 3);
  expect_found("overwritten mbarrier", toy_exchange_sum_launch, Defect::kOverwrittenMbarrier, 4, 100, kOrders);
  expect_found("read before arrival", toy_copied_by_others_sum_launch, Defect::kReadBeforeArrival, 1, 1024, kOrders);
  expect_found("arrival before copies", toy_copied_by_others_sum_launch, Defect::kArrivalBeforeCopies, 1, 1024,
               kOrders);
  expect_found("too few arrivals", toy_copied_by_others_sum_launch, Defect::kTooFewArrivals, 1, 1024, kOrders);
  if (tracer)
    expect_found("store not released", toy_copied_by_others_sum_launch, Defect::kStoreNotReleased, 1, 1024, kOrders);
  if (tracer || sanitizer) expect_found("read past tail", toy_sum_launch, Defect::kReadPastTail, 1, 102, kOrders);
  expect_found("misaligned vector", toy_sum_launch, Defect::kMisalignedVector, 1, 104, kOrders);
  printf("%s\n", failures == 0 ? "passed" : "FAILED");
  return failures == 0 ? 0 : 1;
}
