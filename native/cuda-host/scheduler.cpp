// Which thread runs next. Run-ahead orders always resume the first runnable warp, so that one warp gets as far ahead of
// the others as the barriers allow: what a barrier fails to hold back shows as a wrong value or as poison.
#include <stdio.h>

#include "machine.h"

namespace cuda_host {

static bool reversed(Order order) { return order == Order::roundRobinReverse || order == Order::runAheadReverse; }
static bool runsAhead(Order order) { return order >= Order::runAhead; }

void Machine::orderWarps(Order wanted, uint64_t seed) {
    order = wanted;
    dice = {seed * 0x9e3779b97f4a7c15ull + 0x1234567ull};
    unsigned count = static_cast<unsigned>(warps.size());
    ranked.resize(count);
    for (unsigned i = 0; i < count; i++) ranked[i] = &warps[reversed(order) ? count - 1 - i : i];
    laneRotation = 0;
    if (order == Order::runAheadShuffled) {
        for (unsigned i = count; i > 1; i--) std::swap(ranked[i - 1], ranked[dice.below(i)]);
        laneRotation = dice.below(32);
    }
    runnableRanks.assign((count + 63) / 64, 0);
    for (unsigned rank = 0; rank < count; rank++) {
        ranked[rank]->rank = rank;
        runnableRanks[rank / 64] |= uint64_t(1) << (rank % 64);
    }
    cursor = count - 1;
}

static int firstSetFrom(const std::vector<uint64_t>& bits, unsigned start) {
    for (size_t word = start / 64; word < bits.size(); word++) {
        uint64_t value = bits[word];
        if (word == start / 64) value &= ~uint64_t(0) << (start % 64);
        if (value != 0) return static_cast<int>(word * 64 + static_cast<unsigned>(__builtin_ctzll(value)));
    }
    return -1;
}

unsigned Machine::chooseLane(const Warp& warp) const {
    unsigned lanes = warp.runnable;
    if (reversed(order)) return 31u - static_cast<unsigned>(__builtin_clz(lanes));
    unsigned turned = laneRotation == 0 ? lanes : (lanes >> laneRotation) | (lanes << (32 - laneRotation));
    return (static_cast<unsigned>(__builtin_ctz(turned)) + laneRotation) % 32;
}

Thread* Machine::nextThread() {
    int rank = -1;
    if (!runsAhead(order)) rank = firstSetFrom(runnableRanks, cursor + 1);
    if (rank < 0) rank = firstSetFrom(runnableRanks, 0);
    if (rank < 0) return nullptr;
    cursor = static_cast<unsigned>(rank);
    Warp& warp = *ranked[cursor];
    return &warp.lanes[chooseLane(warp)];
}

/// Lets stores of one block's mbarrier arrive, in any order, until a thread can go on. The block that is chosen first gets as far
/// ahead of the others as its mbarriers allow.
bool Machine::landStores() {
    std::vector<Mbarrier*> loaded;
    for (Block& block : blocks)
        for (Mbarrier& barrier : block.mbarriers)
            if (!barrier.onTheWay.empty()) loaded.push_back(&barrier);
    if (loaded.empty()) return false;
    size_t chosen = order == Order::runAheadShuffled ? dice.below(static_cast<unsigned>(loaded.size())) : reversed(order) ? loaded.size() - 1 : 0;
    Mbarrier& barrier = *loaded[chosen];
    unsigned before = barrier.phase;
    while (!barrier.onTheWay.empty() && barrier.phase == before) {
        std::swap(barrier.onTheWay[dice.below(static_cast<unsigned>(barrier.onTheWay.size()))], barrier.onTheWay.back());
        AsyncStore store = barrier.onTheWay.back();
        barrier.onTheWay.pop_back();
        land(barrier, store);
    }
    return true;
}

Thread* Machine::nextRunnable() {
    for (;;) {
        Thread* next = nextThread();
        if (next != nullptr || !landStores()) return next;
    }
}

void Machine::wake(Thread& thread) {
    Warp& warp = *thread.warp;
    thread.waiting = Waiting::nothing;
    warp.runnable |= 1u << thread.lane;
    runnableRanks[warp.rank / 64] |= uint64_t(1) << (warp.rank % 64);
}

static void sleep(Thread& thread, Waiting reason, std::vector<uint64_t>& runnableRanks) {
    Warp& warp = *thread.warp;
    thread.waiting = reason;
    warp.runnable &= ~(1u << thread.lane);
    if (warp.runnable == 0) runnableRanks[warp.rank / 64] &= ~(uint64_t(1) << (warp.rank % 64));
}

void Machine::resume(Thread* next, bool last) {
    Thread& from = *current;
    if (next == &from) return;
    current = next;
    switchFiber(from.fiber, next->fiber, last);
}

void Machine::wait(Waiting reason) {
    sleep(*current, reason, runnableRanks);
    Thread* next = nextRunnable();
    if (next == nullptr) {
        describeDeadlock();
        returnToGrid(true);
    }
    resume(next, false);
}

void Machine::finish() {
    Thread& thread = *current;
    if (!stackIntact(thread.fiber)) fail("stack overflow: a thread needs more than %zu bytes", thread.fiber.stackBytes);
    if (thread.clusterArrivals != thread.clusterWaits) fail("exits between arrive and wait of a cluster barrier");
    if (!thread.copies.empty()) fail("exits with %zu async copies that were never waited for", thread.copies.size());
    sleep(thread, Waiting::finished, runnableRanks);
    if (++thread.block->finished == blockThreads) checkMbarriersAtExit(*thread.block);
    if (--unfinished == 0) returnToGrid(true);
    Thread* next = nextRunnable();
    if (next == nullptr) {
        describeDeadlock();
        returnToGrid(true);
    }
    resume(next, true);
    __builtin_unreachable();
}

void Machine::returnToGrid(bool last) {
    Thread& from = *current;
    switchFiber(from.fiber, grid, last);
}

/// Counts who waits where, and names one thread of each kind.
void Machine::describeDeadlock() {
    static const char* const places[] = {"running", "in a warp-wide operation", "at __syncthreads", "at a cluster barrier",
                                         "at an mbarrier", "finished"};
    unsigned counts[6] = {}, example[6] = {};
    for (const Thread& thread : threads) {
        unsigned kind = static_cast<unsigned>(thread.waiting);
        if (counts[kind]++ == 0) example[kind] = thread.index;
    }
    int used = snprintf(message, messageBytes, "deadlock:");
    for (unsigned kind = 1; kind < 6; kind++)
        if (counts[kind] != 0 && used >= 0 && static_cast<unsigned>(used) < messageBytes) {
            const Thread& thread = threads[example[kind]];
            used += snprintf(message + used, messageBytes - static_cast<unsigned>(used), " %u threads %s (e.g. block %u thread %u);",
                             counts[kind], places[kind], thread.place.block.x, thread.place.thread.x);
        }
    for (const Block& block : blocks)
        for (const Mbarrier& barrier : block.mbarriers)
            if ((barrier.announced || barrier.missing != 0) && used >= 0 && static_cast<unsigned>(used) < messageBytes)
                used += snprintf(message + used, messageBytes - static_cast<unsigned>(used), " mbarrier %u, in block %u, lacks %ld bytes%s;",
                                 barrier.number, block.rank, barrier.missing, barrier.announced ? "" : " and was not announced");
    failed = true;
}

void Machine::failWith(const char* format, va_list arguments) {
    int used = snprintf(message, messageBytes, "block %u thread %u: ", current->place.block.x,
                        current->place.thread.x);
    if (used >= 0 && static_cast<unsigned>(used) < messageBytes)
        vsnprintf(message + used, messageBytes - static_cast<unsigned>(used), format, arguments);
    failed = true;
    returnToGrid(true);
    __builtin_unreachable();
}

}  // namespace cuda_host
