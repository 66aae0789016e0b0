// Mbarriers in shared memory, the asynchronous stores and bulk copies whose bytes they count, and the copies of threads
// that arrivals wait for. The destination of a store or copy in flight is NaN-filled, so that a kernel that does
// not wait for it computes NaN.
#include "machine.h"
#include "tracer.h"

namespace cuda_host {

constexpr uint64_t kMbarrierBits = 0xfff5a5a57ff5a5a5u;  // both halves are NaN in f32

static unsigned offset_of(const void* address, const Block& block) {
  return static_cast<unsigned>(static_cast<const unsigned char*>(address) - block.shared);
}

static void check_inside(size_t offset, size_t bytes, const char* what) {
  if (offset + bytes > machine().shared_bytes)
    fail("%s of %zu bytes at byte %zu of a block's %u of shared memory", what, bytes, offset, machine().shared_bytes);
}

// The mbarrier at an address. Fails unless its initialisation is visible to the current thread: a block barrier makes
// it visible to the threads of the same block, a cluster barrier to those of all blocks.
static Mbarrier& mbarrier_at(Block& block, const void* address) {
  Thread& self = *machine().current;
  for (Mbarrier& barrier : block.mbarriers)
    if (barrier.address == address) {
      if (*barrier.address != kMbarrierBits)
        fail("the mbarrier at byte %u of shared memory was overwritten", offset_of(address, block));
      bool same_block = self.block == barrier.initialiser->block;
      if (barrier.initialiser != &self && self.cluster_waits <= barrier.arrivals_at_init &&
          !(same_block && self.block_barriers > barrier.block_barriers_at_init))
        fail("uses an mbarrier, but no barrier lies between its initialisation and this use");
      return barrier;
    }
  fail("there is no mbarrier at byte %u of block %u's shared memory", offset_of(address, block), block.rank);
}

static void end_phase(Mbarrier& barrier) {
  if (barrier.arrivals < barrier.expected_arrivals || barrier.tx_count != 0) return;
  barrier.phase++;
  barrier.arrivals = 0;
  trace_phase_ended(barrier);
  for (Warp* warp : barrier.initialiser->block->warps)
    for (unsigned lanes = warp->present; lanes != 0; lanes &= lanes - 1) {
      Thread& thread = warp->lanes[__builtin_ctz(lanes)];
      // A thread that waits for another mbarrier wakes too, finds its own phase incomplete and waits again.
      if (thread.wait_state == WaitState::kMbarrier) machine().wake(thread);
    }
}

void mbarrier_init(uint64_t* barriers, unsigned count, unsigned arrivals) {
  Thread& self = *machine().current;
  check_aligned(barriers, 8, "mbarrier");
  check_inside(offset_of(barriers, *self.block), 8 * count, "mbarriers");
  size_t number = 0;
  for (const Block& block : machine().blocks) number += block.mbarriers.size();
  for (unsigned i = 0; i < count; i++) {
    barriers[i] = kMbarrierBits;
    self.block->mbarriers.push_back(
        {barriers + i, static_cast<unsigned>(number + i), &self, self.cluster_arrivals, self.block_barriers, arrivals,
         0, 0, 0, {}, {}, {}});
  }
}

static void count_arrival(Mbarrier& barrier, unsigned bytes) {
  if (barrier.arrivals == barrier.expected_arrivals)
    fail(barrier.arrivals == 1 ? "arrives twice in one phase of an mbarrier"
                               : "arrives more often in one phase of an mbarrier than it expects");
  barrier.arrivals++;
  barrier.tx_count += bytes;
  end_phase(barrier);
}

static void arrive(uint64_t* own, unsigned bytes) {
  Mbarrier& barrier = mbarrier_at(*machine().current->block, own);
  trace_arrival(barrier);
  count_arrival(barrier, bytes);
}

void mbarrier_expect(uint64_t* own, unsigned bytes) { arrive(own, bytes); }

void mbarrier_arrive(uint64_t* own) { arrive(own, 0); }

static void issue(Mbarrier& barrier, AsyncStore& store) {
  trace_store_issued(store, barrier);
  if (store.copies_left != nullptr) store.clock.clear();  // the arrival after copies releases no access of the thread
  if (machine().completes_stores_at_once())
    complete_store(barrier, store);
  else
    barrier.in_flight.push_back(store);
}

// Hardware gives no order to the bytes of a bulk copy. A copy is therefore cut into at most four parts, which complete
// one by one, in random order.
void bulk_copy(void* shared, const void* global, unsigned bytes, uint64_t* own) {
  Block& block = *machine().current->block;
  if (bytes == 0 || bytes % 16 != 0) fail("a bulk copy of %u bytes: a multiple of 16 is expected", bytes);
  check_aligned(shared, 16, "bulk copy to shared memory");
  check_aligned(global, 16, "bulk copy from global memory");
  check_inside(offset_of(shared, block), bytes, "a bulk copy");
  Mbarrier& barrier = mbarrier_at(block, own);
  trace_read(global, bytes);
  memset(shared, 0xff, bytes);
  unsigned part = (bytes / 16 + 3) / 4 * 16;
  for (unsigned begin = 0; begin < bytes; begin += part) {
    AsyncStore copy{static_cast<char*>(shared) + begin, static_cast<const char*>(global) + begin, {},
                    begin + part < bytes ? part : bytes - begin, {}, nullptr};
    issue(barrier, copy);
  }
}

void mbarrier_arrive_after_copies(uint64_t* own) {
  Thread& self = *machine().current;
  Mbarrier& barrier = mbarrier_at(*self.block, own);
  std::vector<AsyncCopy> copies;
  copies.swap(self.copies);
  if (copies.empty()) count_arrival(barrier, 0);
  auto left = std::make_shared<unsigned>(static_cast<unsigned>(copies.size()));
  for (const AsyncCopy& copy : copies) {
    AsyncStore store{copy.shared, copy.global, {}, copy.bytes, {}, left};
    issue(barrier, store);
  }
}

void mbarrier_wait(uint64_t* own, unsigned parity) {
  Machine& m = machine();
  Mbarrier& barrier = mbarrier_at(*m.current->block, own);
  while (barrier.phase % 2 == parity % 2) m.wait(WaitState::kMbarrier);
  trace_mbarrier_wait(barrier);
}

// A shared::cluster address here has the block's rank in its upper 8 bits and the offset in shared memory below.
uint32_t cluster_address(const void* own, unsigned rank) {
  Machine& m = machine();
  unsigned offset = offset_of(own, *m.current->block);
  if (rank >= m.blocks.size()) fail("a shared::cluster address in block %u of a cluster of %zu", rank, m.blocks.size());
  check_inside(offset, 1, "a shared::cluster address");
  return rank << 24 | offset;
}

void store_async(uint32_t address, const void* values, unsigned bytes, uint32_t barrier_address) {
  Machine& m = machine();
  unsigned rank = address >> 24, offset = address & 0xffffff, barrier_offset = barrier_address & 0xffffff;
  if (m.blocks.size() == 1) fail("an asynchronous store in a cluster of one block");
  if (barrier_address >> 24 != rank)
    fail("an asynchronous store to block %u that block %u's mbarrier counts", rank, barrier_address >> 24);
  check_inside(offset, bytes, "an asynchronous store");
  check_inside(barrier_offset, 8, "an mbarrier");
  Block& self = *m.current->block;
  void* destination = map_shared_rank(self.shared + offset, rank);
  check_aligned(destination, bytes, "asynchronous store");
  Mbarrier& barrier = mbarrier_at(m.blocks[rank], m.blocks[rank].shared + barrier_offset);
  AsyncStore store{destination, nullptr, {}, bytes, {}, nullptr};
  memcpy(store.values, values, bytes);
  memset(destination, 0xff, bytes);
  issue(barrier, store);
}

void complete_store(Mbarrier& barrier, const AsyncStore& store) {
  memcpy(store.destination, store.source != nullptr ? store.source : store.values, store.bytes);
  trace_store_completed(store, barrier);
  if (store.copies_left == nullptr) {
    barrier.tx_count -= store.bytes;
    end_phase(barrier);
  } else if (--*store.copies_left == 0) {
    count_arrival(barrier, 0);
  }
}

void check_mbarriers_at_exit(const Block& block) {
  for (const Mbarrier& barrier : block.mbarriers) {
    if (!barrier.in_flight.empty())
      fail("the block exits with %zu asynchronous stores in flight to its shared memory", barrier.in_flight.size());
    if (barrier.arrivals != 0 || barrier.tx_count != 0)
      fail("the block exits in a phase of an mbarrier with %ld bytes outstanding and %u of %u arrivals",
           barrier.tx_count, barrier.arrivals, barrier.expected_arrivals);
  }
}

}  // namespace cuda_host
