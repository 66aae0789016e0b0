// Block and cluster barriers, and shared memory.
#include "machine.h"

namespace cuda_host {

void blockBarrier() {
    Machine& m = machine();
    Thread& self = *m.current;
    Block& block = *self.block;
    self.blockBarriers++;
    if (++block.arrived < m.blockThreads) {
        m.wait(Waiting::block);
        return;
    }
    block.arrived = 0;
    for (Warp* warp : block.warps)
        for (unsigned lanes = warp->present; lanes != 0; lanes &= lanes - 1) {
            Thread& thread = warp->lanes[__builtin_ctz(lanes)];
            if (&thread != &self) m.wake(thread);
        }
}

unsigned char* dynamicShared() { return machine().current->block->shared; }
unsigned dynamicSharedBytes() { return machine().sharedBytes; }
unsigned clusterRank() { return machine().current->block->rank; }
unsigned clusterSize() { return static_cast<unsigned>(machine().blocks.size()); }

void clusterArrive() {
    Machine& m = machine();
    Thread& self = *m.current;
    if (self.clusterArrivals != self.clusterWaits) fail("arrives twice at a cluster barrier without waiting");
    self.clusterArrivals++;
    if (++m.clusterArrived < m.threads.size()) return;
    m.clusterArrived = 0;
    m.completedClusterBarriers++;
    for (Thread& thread : m.threads)
        if (thread.waiting == Waiting::cluster) m.wake(thread);
}

void clusterWait() {
    Machine& m = machine();
    Thread& self = *m.current;
    if (self.clusterArrivals == self.clusterWaits) fail("waits at a cluster barrier without having arrived");
    while (m.completedClusterBarriers < self.clusterArrivals) m.wait(Waiting::cluster);
    self.clusterWaits++;
}

void* remoteShared(void* own, unsigned rank) {
    Machine& m = machine();
    Block& block = *m.current->block;
    if (rank >= m.blocks.size()) fail("shared memory of block %u of a cluster of %zu", rank, m.blocks.size());
    if (m.blocks.size() > 1 && m.current->clusterWaits == 0)
        fail("touches another block before the first cluster barrier: that block may not have begun");
    size_t offset = static_cast<size_t>(static_cast<unsigned char*>(own) - block.shared);
    if (offset >= m.sharedBytes) fail("%p is not in this block's shared memory", own);
    Block& other = m.blocks[rank];
    if (other.finished == m.blockThreads) fail("block %u of the cluster has exited: its shared memory is gone", rank);
    return other.shared + offset;
}

}  // namespace cuda_host
