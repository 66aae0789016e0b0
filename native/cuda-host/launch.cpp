// The grid loop: prepares the threads of one cluster, runs them to their end, goes on to the next cluster.
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "tracer.h"

namespace cuda_host {

Machine& machine() {
    static thread_local Machine instance;
    return instance;
}

const Place& here() { return machine().current->place; }

void fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    machine().failWith(format, arguments);
}

int launch(KernelBody body, const void* parameters, size_t parameterBytes, unsigned grid, unsigned block,
           unsigned cluster, unsigned sharedBytes, int order, uint64_t seed, char* message, unsigned messageBytes) {
    Shape shape{grid, block, cluster, sharedBytes, static_cast<Order>(order), seed};
    return machine().launch(body, parameters, parameterBytes, shape, message, messageBytes);
}

static const char* refusal(const Shape& shape) {
    if (shape.grid == 0) return "a grid needs at least one block";
    if (shape.block == 0 || shape.block > 1024) return "a block has 1 to 1024 threads";
    if (shape.cluster == 0 || shape.cluster > 16 || (shape.cluster & (shape.cluster - 1)) != 0)
        return "a cluster has 1, 2, 4, 8 or 16 blocks";
    if (shape.grid % shape.cluster != 0) return "the grid is not a multiple of the cluster";
    if (shape.sharedBytes > 227 * 1024) return "a block has at most 232448 bytes of shared memory";
    if (static_cast<int>(shape.order) < 0 || shape.order > Order::runAheadShuffled) return "unknown thread order";
    return nullptr;
}

static void run() {
    enterFiber();
    Machine& m = machine();
    m.body(m.parameters);
    m.finish();
}

bool Machine::prepare(const Shape& shape) {
    unsigned warpsPerBlock = (shape.block + 31) / 32;
    size_t count = size_t(shape.block) * shape.cluster;
    if (!stacks.reserve(count)) return false;
    blockThreads = shape.block;
    sharedBytes = shape.sharedBytes;
    threads.resize(count);
    warps.resize(size_t(warpsPerBlock) * shape.cluster);
    blocks.resize(shape.cluster);
    for (unsigned rank = 0; rank < shape.cluster; rank++) {
        Block& block = blocks[rank];
        block.rank = rank;
        block.warps.clear();
        // Exactly as many bytes as asked for: what lies beyond is the sanitizer's.
        if (posix_memalign(reinterpret_cast<void**>(&block.shared), 1024, shape.sharedBytes) != 0) return false;
        for (unsigned w = 0; w < warpsPerBlock; w++) {
            Warp& warp = warps[rank * warpsPerBlock + w];
            unsigned lanes = shape.block - w * 32 < 32 ? shape.block - w * 32 : 32;
            warp.block = &block;
            warp.lanes = &threads[size_t(rank) * shape.block + w * 32];
            warp.present = lanes == 32 ? ~0u : (1u << lanes) - 1;
            block.warps.push_back(&warp);
        }
    }
    return true;
}

void Machine::resetThread(size_t index, unsigned firstBlock, const Shape& shape) {
    Thread& thread = threads[index];
    unsigned rank = static_cast<unsigned>(index / shape.block), x = static_cast<unsigned>(index % shape.block);
    thread.block = &blocks[rank];
    thread.warp = thread.block->warps[x / 32];
    thread.lane = x % 32;
    thread.index = static_cast<unsigned>(index);
    thread.place = {{x, 0, 0}, {firstBlock + rank, 0, 0}, {shape.block, 1, 1}, {shape.grid, 1, 1}};
    thread.waiting = Waiting::nothing;
    thread.blockBarriers = thread.clusterArrivals = thread.clusterWaits = thread.copyGroups = 0;
    thread.copies.clear();
    thread.known.clear();
    thread.fiber.stack = stacks.stack(index);
    thread.fiber.stackBytes = StackArena::stackBytes;
    prepareFiber(thread.fiber, run);
}

void Machine::runCluster(unsigned firstBlock, const Shape& shape) {
    clusterArrived = completedClusterBarriers = 0;
    for (Block& block : blocks) {
        block.arrived = block.finished = 0;
        block.mbarriers.clear();
        memset(block.shared, 0xff, shape.sharedBytes);  // NaN in f32, bf16 and f16
    }
    for (Warp& warp : warps) {
        warp.runnable = warp.present;
        warp.barriers = 0;
        warp.meetings.clear();
    }
    for (size_t i = 0; i < threads.size(); i++) resetThread(i, firstBlock, shape);
    orderWarps(shape.order, shape.seed + firstBlock);
    traceClusterStart(*this);
    unfinished = static_cast<unsigned>(threads.size());
    Thread* first = nextThread();
    current = first;
    switchFiber(grid, first->fiber, false);
    current = nullptr;
}

int Machine::launch(KernelBody kernel, const void* arguments, size_t argumentBytes, const Shape& shape, char* text,
                    unsigned textBytes) {
    message = text;
    messageBytes = textBytes;
    failed = false;
    if (const char* reason = refusal(shape)) {
        snprintf(text, textBytes, "launch refused: %s", reason);
        return 1;
    }
    body = kernel;
    parameters = arguments;
    parameterBytes = argumentBytes;
    if (!prepare(shape)) {
        snprintf(text, textBytes, "launch refused: out of memory");
        return 1;
    }
    unsigned clusters = shape.grid / shape.cluster;
    bool backwards = shape.order == Order::roundRobinReverse || shape.order == Order::runAheadReverse;
    for (unsigned i = 0; i < clusters && !failed; i++)
        runCluster((backwards ? clusters - 1 - i : i) * shape.cluster, shape);
    for (Block& block : blocks) free(block.shared);
    return failed ? 1 : 0;
}

}  // namespace cuda_host
