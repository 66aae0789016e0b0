// The choice of the thread that runs next. The round-robin orders resume the warps one after the other. The run-ahead
// orders always resume the first runnable warp, so that one warp gets as far ahead of the others as the barriers allow.
// A missing barrier then shows as a wrong value or a NaN.
#include <stdio.h>

#include "machine.h"

namespace cuda_host {

static bool reversed(ThreadOrder order) {
  return order == ThreadOrder::kRoundRobinReverse || order == ThreadOrder::kRunAheadReverse;
}
static bool runs_ahead(ThreadOrder order) { return order >= ThreadOrder::kRunAhead; }

void Machine::order_warps(ThreadOrder wanted, uint64_t seed) {
  order = wanted;
  random = {seed * 0x9e3779b97f4a7c15ull + 0x1234567ull};
  unsigned count = static_cast<unsigned>(warps.size());
  ranked.resize(count);
  for (unsigned i = 0; i < count; i++) ranked[i] = &warps[reversed(order) ? count - 1 - i : i];
  lane_rotation = 0;
  if (order == ThreadOrder::kRunAheadShuffled) {
    for (unsigned i = count; i > 1; i--) std::swap(ranked[i - 1], ranked[random.below(i)]);
    lane_rotation = random.below(32);
  }
  runnable_ranks.assign((count + 63) / 64, 0);
  for (unsigned rank = 0; rank < count; rank++) {
    ranked[rank]->rank = rank;
    runnable_ranks[rank / 64] |= uint64_t(1) << (rank % 64);
  }
  cursor = count - 1;
}

static int first_set_from(const std::vector<uint64_t>& bits, unsigned start) {
  for (size_t word = start / 64; word < bits.size(); word++) {
    uint64_t value = bits[word];
    if (word == start / 64) value &= ~uint64_t(0) << (start % 64);
    if (value != 0) return static_cast<int>(word * 64 + static_cast<unsigned>(__builtin_ctzll(value)));
  }
  return -1;
}

unsigned Machine::choose_lane(const Warp& warp) const {
  unsigned lanes = warp.runnable;
  if (reversed(order)) return 31u - static_cast<unsigned>(__builtin_clz(lanes));
  unsigned rotated = lane_rotation == 0 ? lanes : (lanes >> lane_rotation) | (lanes << (32 - lane_rotation));
  return (static_cast<unsigned>(__builtin_ctz(rotated)) + lane_rotation) % 32;
}

Thread* Machine::next_thread() {
  int rank = -1;
  if (!runs_ahead(order)) rank = first_set_from(runnable_ranks, cursor + 1);
  if (rank < 0) rank = first_set_from(runnable_ranks, 0);
  if (rank < 0) return nullptr;
  cursor = static_cast<unsigned>(rank);
  Warp& warp = *ranked[cursor];
  return &warp.lanes[choose_lane(warp)];
}

// Completes stores and parts of bulk copies that one mbarrier counts, in random order, until its phase ends. Returns
// false if none is in flight. Those of the other mbarriers stay in flight, so that one block gets as far ahead of the
// others as the mbarriers allow.
bool Machine::complete_some_stores() {
  std::vector<Mbarrier*> candidates;
  for (Block& block : blocks)
    for (Mbarrier& barrier : block.mbarriers)
      if (!barrier.in_flight.empty()) candidates.push_back(&barrier);
  if (candidates.empty()) return false;
  size_t chosen = order == ThreadOrder::kRunAheadShuffled ? random.below(static_cast<unsigned>(candidates.size()))
                  : reversed(order)                       ? candidates.size() - 1
                                                          : 0;
  Mbarrier& barrier = *candidates[chosen];
  unsigned before = barrier.phase;
  while (!barrier.in_flight.empty() && barrier.phase == before) {
    std::swap(barrier.in_flight[random.below(static_cast<unsigned>(barrier.in_flight.size()))],
              barrier.in_flight.back());
    AsyncStore store = barrier.in_flight.back();
    barrier.in_flight.pop_back();
    complete_store(barrier, store);
  }
  return true;
}

Thread* Machine::next_runnable() {
  for (;;) {
    Thread* next = next_thread();
    if (next != nullptr || !complete_some_stores()) return next;
  }
}

void Machine::wake(Thread& thread) {
  Warp& warp = *thread.warp;
  thread.wait_state = WaitState::kRunnable;
  warp.runnable |= 1u << thread.lane;
  runnable_ranks[warp.rank / 64] |= uint64_t(1) << (warp.rank % 64);
}

static void suspend(Thread& thread, WaitState reason, std::vector<uint64_t>& runnable_ranks) {
  Warp& warp = *thread.warp;
  thread.wait_state = reason;
  warp.runnable &= ~(1u << thread.lane);
  if (warp.runnable == 0) runnable_ranks[warp.rank / 64] &= ~(uint64_t(1) << (warp.rank % 64));
}

void Machine::resume(Thread* next, bool last) {
  Thread& from = *current;
  if (next == &from) return;
  current = next;
  switch_fiber(from.fiber, next->fiber, last);
}

void Machine::wait(WaitState reason) {
  suspend(*current, reason, runnable_ranks);
  Thread* next = next_runnable();
  if (next == nullptr) {
    describe_deadlock();
    return_to_grid();
  }
  resume(next, false);
}

void Machine::finish() {
  Thread& thread = *current;
  if (!stack_intact(thread.fiber)) fail("stack overflow: a thread needs more than %zu bytes", thread.fiber.stack_bytes);
  if (thread.cluster_arrivals != thread.cluster_waits) fail("exits between arrive and wait of a cluster barrier");
  if (!thread.copies.empty()) fail("exits with %zu async copies that were never waited for", thread.copies.size());
  suspend(thread, WaitState::kFinished, runnable_ranks);
  if (++thread.block->finished == block_threads) check_mbarriers_at_exit(*thread.block);
  if (--unfinished == 0) return_to_grid();
  Thread* next = next_runnable();
  if (next == nullptr) {
    describe_deadlock();
    return_to_grid();
  }
  resume(next, true);
  __builtin_unreachable();
}

void Machine::return_to_grid() { switch_fiber(current->fiber, grid, true); }

// Describes a deadlock: for each kind of wait the number of threads and an example, then the incomplete mbarriers.
void Machine::describe_deadlock() {
  static const char* const places[] = {
      "running",
      "in a warp-wide operation",
      "at __syncthreads",
      "at a named barrier",
      "at a cluster barrier",
      "at an mbarrier",
      "finished"};
  constexpr unsigned kStates = static_cast<unsigned>(WaitState::kFinished) + 1;
  unsigned counts[kStates] = {}, example[kStates] = {};
  for (const Thread& thread : threads) {
    unsigned kind = static_cast<unsigned>(thread.wait_state);
    if (counts[kind]++ == 0) example[kind] = thread.index;
  }
  int used = snprintf(message, message_bytes, "deadlock:");
  for (unsigned kind = 1; kind < kStates; kind++)
    if (counts[kind] != 0 && used >= 0 && static_cast<unsigned>(used) < message_bytes) {
      const Thread& thread = threads[example[kind]];
      used += snprintf(message + used, message_bytes - static_cast<unsigned>(used),
                       " %u threads %s (e.g. block %u thread %u);", counts[kind], places[kind], thread.builtins.block.x,
                       thread.builtins.thread.x);
    }
  for (const Block& block : blocks)
    for (const Mbarrier& barrier : block.mbarriers)
      if ((barrier.arrivals != 0 || barrier.tx_count != 0) && used >= 0 && static_cast<unsigned>(used) < message_bytes)
        used += snprintf(message + used, message_bytes - static_cast<unsigned>(used),
                         " mbarrier %u of block %u has %ld bytes outstanding%s;", barrier.number, block.rank,
                         barrier.tx_count,
                         barrier.arrivals == 0                           ? " and no arrival"
                         : barrier.arrivals < barrier.expected_arrivals ? " and lacks arrivals"
                                                                         : "");
  failed = true;
}

void Machine::fail_with(const char* format, va_list arguments) {
  int used =
      snprintf(message, message_bytes, "block %u thread %u: ", current->builtins.block.x, current->builtins.thread.x);
  if (used >= 0 && static_cast<unsigned>(used) < message_bytes)
    vsnprintf(message + used, message_bytes - static_cast<unsigned>(used), format, arguments);
  failed = true;
  return_to_grid();
  __builtin_unreachable();
}

}  // namespace cuda_host
