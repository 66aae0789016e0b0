// Mbarriers in shared memory, and the asynchronous stores that they count.
#include "machine.h"
#include "tracer.h"

namespace cuda_host {

static const uint64_t mark = 0xfff5a5a57ff5a5a5u;  // NaN for who reads it as f32

static unsigned offsetOf(const void* address, const Block& block) {
    return static_cast<unsigned>(static_cast<const unsigned char*>(address) - block.shared);
}

static void checkInside(size_t offset, size_t bytes, const char* what) {
    if (offset + bytes > machine().sharedBytes) fail("%s of %zu bytes at byte %zu of a block's %u of shared memory", what, bytes, offset, machine().sharedBytes);
}

/// The mbarrier at that address of a block, whose making the current thread must know of.
static Mbarrier& mbarrierAt(Block& block, const void* address) {
    Thread& self = *machine().current;
    for (Mbarrier& barrier : block.mbarriers)
        if (barrier.address == address) {
            if (*barrier.address != mark) fail("the mbarrier at byte %u of shared memory was overwritten", offsetOf(address, block));
            if (barrier.maker != &self && self.clusterWaits <= barrier.makerArrivals)
                fail("uses an mbarrier before a cluster barrier has shown that it was made");
            return barrier;
        }
    fail("there is no mbarrier at byte %u of block %u's shared memory", offsetOf(address, block), block.rank);
}

static void endPhase(Mbarrier& barrier) {
    if (!barrier.announced || barrier.missing != 0) return;
    barrier.phase++;
    barrier.announced = false;
    tracePhaseEnded(barrier);
    for (Warp* warp : barrier.maker->block->warps)
        for (unsigned lanes = warp->present; lanes != 0; lanes &= lanes - 1) {
            Thread& thread = warp->lanes[__builtin_ctz(lanes)];
            if (thread.waiting == Waiting::mbarrier) machine().wake(thread);  // each looks for itself
        }
}

void mbarrierInit(uint64_t* barriers, unsigned count) {
    Thread& self = *machine().current;
    checkAligned(barriers, 8, "mbarrier");
    checkInside(offsetOf(barriers, *self.block), 8 * count, "mbarriers");
    size_t number = 0;
    for (const Block& block : machine().blocks) number += block.mbarriers.size();
    for (unsigned i = 0; i < count; i++) {
        barriers[i] = mark;
        self.block->mbarriers.push_back({barriers + i, static_cast<unsigned>(number + i), &self, self.clusterArrivals, false, 0, 0, {}, {}, {}});
    }
}

void mbarrierExpect(uint64_t* own, unsigned bytes) {
    Mbarrier& barrier = mbarrierAt(*machine().current->block, own);
    if (barrier.announced) fail("announces bytes twice for one phase of an mbarrier");
    barrier.announced = true;
    barrier.missing += bytes;
    endPhase(barrier);
}

void mbarrierWait(uint64_t* own, unsigned parity) {
    Machine& m = machine();
    Mbarrier& barrier = mbarrierAt(*m.current->block, own);
    while (barrier.phase % 2 == parity % 2) m.wait(Waiting::mbarrier);
    traceMbarrierWait(barrier);
}

uint32_t clusterPlace(const void* own, unsigned rank) {
    Machine& m = machine();
    unsigned offset = offsetOf(own, *m.current->block);
    if (rank >= m.blocks.size()) fail("a place in block %u of a cluster of %zu", rank, m.blocks.size());
    checkInside(offset, 1, "a place");
    return rank << 24 | offset;
}

void storeAsync(uint32_t place, const void* values, unsigned bytes, uint32_t barrierPlace) {
    Machine& m = machine();
    unsigned rank = place >> 24, offset = place & 0xffffff, barrierOffset = barrierPlace & 0xffffff;
    if (m.blocks.size() == 1) fail("an asynchronous store in a cluster of one block");
    if (barrierPlace >> 24 != rank) fail("an asynchronous store to block %u that block %u's mbarrier counts", rank, barrierPlace >> 24);
    checkInside(offset, bytes, "an asynchronous store");
    checkInside(barrierOffset, 8, "an mbarrier");
    Block& self = *m.current->block;
    void* destination = remoteShared(self.shared + offset, rank);
    checkAligned(destination, bytes, "asynchronous store");
    Mbarrier& barrier = mbarrierAt(m.blocks[rank], m.blocks[rank].shared + barrierOffset);
    AsyncStore store{destination, {}, bytes, {}};
    memcpy(store.values, values, bytes);
    memset(destination, 0xff, bytes);
    traceStoreSent(store, barrier);
    if (m.landsAtOnce())
        land(barrier, store);
    else
        barrier.onTheWay.push_back(store);
}

void land(Mbarrier& barrier, const AsyncStore& store) {
    memcpy(store.destination, store.values, store.bytes);
    traceStoreLanded(store, barrier);
    barrier.missing -= store.bytes;
    endPhase(barrier);
}

void checkMbarriersAtExit(const Block& block) {
    for (const Mbarrier& barrier : block.mbarriers) {
        if (!barrier.onTheWay.empty())
            fail("the block exits with %zu asynchronous stores on their way into its shared memory", barrier.onTheWay.size());
        if (barrier.announced || barrier.missing != 0)
            fail("the block exits in a phase of an mbarrier that lacks %ld bytes%s", barrier.missing, barrier.announced ? "" : " and was not announced");
    }
}

}  // namespace cuda_host
