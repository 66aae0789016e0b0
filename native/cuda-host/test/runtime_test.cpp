// Tests of the runtime: sound kernels pass in every thread order, and each planted defect is found by the build that is
// meant to find it. Built three times: plain, with ASan + UBSan, and with the access tracer.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "toys.h"
#include "tracer.h"

CUDA_HOST_LAUNCHER(toySum, ToyParameters)
CUDA_HOST_LAUNCHER(toyClusterSum, ToyParameters)
CUDA_HOST_LAUNCHER(toyExchangeSum, ToyParameters)
CUDA_HOST_LAUNCHER(toyCopySum, ToyParameters)

using Launcher = decltype(&toySum_launch);

static const unsigned orders = 5;
static int failures = 0;

static void expect(bool holds, const char* what, const std::string& detail) {
    if (holds) return;
    failures++;
    printf("FAILED %s: %s\n", what, detail.c_str());
}

/// One run in one order; the finding is empty when the values are right and nothing was reported.
static std::string run(Launcher launcher, Defect defect, unsigned cluster, unsigned rowLength, int order, uint64_t seed) {
    const unsigned grid = 16, block = 96;
    const unsigned stride = (rowLength + 3) / 4 * 4;
    const size_t count = size_t(grid - 1) * stride + rowLength;  // nothing lies behind the last row
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
    ToyParameters p{values, sums.data(), rowLength, stride, defect};
    char message[512] = "";
    std::string finding;
    if (launcher(&p, grid, block, cluster, (160 + rowLength) * 4, order, seed, message, sizeof message) != 0) finding = message;
    for (unsigned b = 0; b < grid && finding.empty(); b++) {
        float expected = 0;
        bool ofCluster = launcher == toyClusterSum_launch || launcher == toyExchangeSum_launch;
        unsigned first = ofCluster ? b / cluster * cluster : b, rows = ofCluster ? cluster : 1;
        for (size_t row = first; row < first + rows; row++)
            for (unsigned i = 0; i < rowLength; i++) expected += values[row * stride + i];
        if (!(sums[b] == expected)) finding = "wrong value";
    }
#if defined(CUDA_HOST_TRACE)
    TraceCounts counts;
    cuda_host_trace_counts(input, &counts);
    if (finding.empty() && (counts.mostReads != 1 || counts.bytesRead != uint64_t(grid) * rowLength * 4))
        finding = "a value was not read exactly once";
    if (finding.empty() && rowLength % 8 == 0 && counts.sectorsRead * 32 != counts.bytesRead)
        finding = "partial sectors";
#endif
    free(values);
    return finding;
}

/// The same, in a child process: a sanitizer's finding ends it.
static bool found(Launcher launcher, Defect defect, unsigned cluster, unsigned rowLength, int order, uint64_t seed) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(3);
        _exit(run(launcher, defect, cluster, rowLength, order, seed).empty() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void soundKernelsPass() {
    for (int order = 0; order < static_cast<int>(orders); order++)
        for (unsigned length : {1u, 96u, 257u, 1024u}) {
            std::string where = "order " + std::to_string(order) + " length " + std::to_string(length) + ": ";
            std::string finding = run(toySum_launch, Defect::none, 1, length, order, 7);
            expect(finding.empty(), "block sum", where + finding);
            for (unsigned cluster = 1; cluster <= 16; cluster *= 2) {
                finding = run(toyClusterSum_launch, Defect::none, cluster, length, order, 7);
                expect(finding.empty(), "cluster sum", where + finding);
                if (cluster == 1) continue;  // no other block to send to
                finding = run(toyExchangeSum_launch, Defect::none, cluster, length, order, 7);
                expect(finding.empty(), "exchange", where + finding);
            }
            if (length % 4 != 0) continue;
            finding = run(toyCopySum_launch, Defect::none, 1, length, order, 7);
            expect(finding.empty(), "async copy sum", where + finding);
        }
}

/// A defect must be found in at least `least` of the five orders.
static void isFound(const char* name, Launcher launcher, Defect defect, unsigned cluster, unsigned length, unsigned least) {
    unsigned count = 0;
    for (int order = 0; order < static_cast<int>(orders); order++) count += found(launcher, defect, cluster, length, order, 3);
    printf("  %-22s found in %u of %u orders\n", name, count, orders);
    expect(count >= least, name, "found in " + std::to_string(count) + " orders, at least " + std::to_string(least) + " expected");
}

static void refusesBadShapes() {
    ToyParameters p{nullptr, nullptr, 0, 0, Defect::none};
    char message[256];
    expect(toySum_launch(&p, 6, 32, 4, 0, 0, 0, message, sizeof message) != 0, "grid not a multiple of the cluster", "accepted");
    expect(toySum_launch(&p, 6, 1056, 1, 0, 0, 0, message, sizeof message) != 0, "1056 threads", "accepted");
    expect(toySum_launch(&p, 6, 32, 1, 228 * 1024, 0, 0, message, sizeof message) != 0, "228 KiB shared", "accepted");
}

int main() {
    soundKernelsPass();
    refusesBadShapes();
#if defined(CUDA_HOST_TRACE)
    const bool tracer = true, sanitizer = false;
#elif defined(__SANITIZE_ADDRESS__)
    const bool tracer = false, sanitizer = true;
#else
    const bool tracer = false, sanitizer = false;
#endif
    isFound("missing barrier", toySum_launch, Defect::missingBarrier, 1, 100, tracer ? orders : 2);
    isFound("reused too early", toySum_launch, Defect::reusedTooEarly, 1, 100, tracer ? orders : 1);
    isFound("wrong mask", toySum_launch, Defect::wrongMask, 1, 100, orders);
    isFound("absent lane", toySum_launch, Defect::absentLane, 1, 100, orders);
    isFound("divergent barrier", toySum_launch, Defect::divergentBarrier, 1, 100, orders);
    isFound("copy without wait", toyCopySum_launch, Defect::copyWithoutWait, 1, 100, orders);
    isFound("early exit", toyClusterSum_launch, Defect::earlyExit, 4, 100, 2);
    isFound("weak cluster barrier", toyClusterSum_launch, Defect::weakClusterBarrier, 4, 100, tracer ? orders : 3);
    isFound("unmet blocks", toyExchangeSum_launch, Defect::unmetBlocks, 4, 100, orders);
    isFound("uncounted wait", toyExchangeSum_launch, Defect::uncountedWait, 4, 100, orders);
    isFound("fewer bytes", toyExchangeSum_launch, Defect::fewerBytes, 4, 100, orders);
    isFound("more bytes", toyExchangeSum_launch, Defect::moreBytes, 4, 100, orders);
    isFound("silent phase", toyExchangeSum_launch, Defect::silentPhase, 4, 100, orders);
    isFound("one slot", toyExchangeSum_launch, Defect::oneSlot, 4, 100, tracer ? orders : 3);
    isFound("broken mbarrier", toyExchangeSum_launch, Defect::brokenMbarrier, 4, 100, orders);
    if (tracer || sanitizer) isFound("tail over-read", toySum_launch, Defect::tailOverRead, 1, 102, orders);
    isFound("misaligned vector", toySum_launch, Defect::misalignedVector, 1, 104, orders);
    printf("%s\n", failures == 0 ? "passed" : "FAILED");
    return failures == 0 ? 0 : 1;
}
