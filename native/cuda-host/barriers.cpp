// Barriers of a block and of a cluster, fences, and access to shared memory.
#include "machine.h"
#include "tracer.h"

namespace cuda_host {

void block_barrier() {
  Machine& m = machine();
  Thread& self = *m.current;
  Block& block = *self.block;
  self.block_barriers++;
  if (++block.arrived < m.block_threads) {
    m.wait(WaitState::kBlock);
    return;
  }
  block.arrived = 0;
  for (Warp* warp : block.warps)
    for (unsigned lanes = warp->present; lanes != 0; lanes &= lanes - 1) {
      Thread& thread = warp->lanes[__builtin_ctz(lanes)];
      if (&thread != &self) m.wake(thread);
    }
}

void named_barrier(unsigned threads) {
  Machine& m = machine();
  Thread& self = *m.current;
  Block& block = *self.block;
  if (self.builtins.thread.x >= threads) fail("takes part in a named barrier of the first %u threads", threads);
  self.named_barriers++;
  if (++block.named_arrived < threads) {
    m.wait(WaitState::kNamed);
    return;
  }
  block.named_arrived = 0;
  for (Warp* warp : block.warps)
    for (unsigned lanes = warp->present; lanes != 0; lanes &= lanes - 1) {
      Thread& thread = warp->lanes[__builtin_ctz(lanes)];
      if (thread.wait_state == WaitState::kNamed) m.wake(thread);
    }
}

void proxy_fence() { machine().current->proxy_fences++; }

unsigned char* dynamic_shared() { return machine().current->block->shared; }
unsigned dynamic_shared_bytes() { return machine().shared_bytes; }
unsigned cluster_rank() { return machine().current->block->rank; }
unsigned cluster_size() { return static_cast<unsigned>(machine().blocks.size()); }

void cluster_arrive() {
  Machine& m = machine();
  Thread& self = *m.current;
  if (self.cluster_arrivals != self.cluster_waits) fail("arrives twice at a cluster barrier without waiting");
  self.cluster_arrivals++;
  if (++m.cluster_arrived < m.threads.size()) return;
  m.cluster_arrived = 0;
  m.completed_cluster_barriers++;
  for (Thread& thread : m.threads)
    if (thread.wait_state == WaitState::kCluster) m.wake(thread);
}

void cluster_wait() {
  Machine& m = machine();
  Thread& self = *m.current;
  if (self.cluster_arrivals == self.cluster_waits) fail("waits at a cluster barrier without having arrived");
  while (m.completed_cluster_barriers < self.cluster_arrivals) m.wait(WaitState::kCluster);
  self.cluster_waits++;
}

void memory_fence() { trace_fence(); }

void atomic_operation(const void* address) { trace_atomic(address); }

void* map_shared_rank(void* own, unsigned rank) {
  Machine& m = machine();
  Block& block = *m.current->block;
  if (rank >= m.blocks.size()) fail("shared memory of block %u of a cluster of %zu", rank, m.blocks.size());
  if (m.blocks.size() > 1 && m.current->cluster_waits == 0)
    fail("accesses another block's shared memory before the first cluster barrier: that block may not have started");
  size_t offset = static_cast<size_t>(static_cast<unsigned char*>(own) - block.shared);
  if (offset >= m.shared_bytes) fail("%p is not in this block's shared memory", own);
  Block& other = m.blocks[rank];
  if (other.finished == m.block_threads) fail("block %u of the cluster has exited: its shared memory is gone", rank);
  return other.shared + offset;
}

}  // namespace cuda_host
