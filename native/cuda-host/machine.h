// The state of one launch: the threads, warps and blocks of the cluster that is running.
// Clusters run one after the other. The blocks of one cluster run concurrently.
#pragma once
#include <stdarg.h>

#include <memory>
#include <vector>

#include "cuda_host.h"
#include "fiber.h"

namespace cuda_host {

struct Block;
struct Thread;
struct Warp;

enum class WaitState { kRunnable, kWarp, kBlock, kNamed, kCluster, kMbarrier, kFinished };

struct AsyncCopy {
  void* shared;
  const void* global;
  unsigned bytes;
  unsigned group;  // number of the commit group, counted from 1; 0 before the commit
};

// A vector clock of the access tracer. It holds how much of the cluster's work is certainly complete for one thread.
// Entry w counts the __syncwarp calls of warp w; entry (number of warps + m) counts the completed phases of mbarrier m.
// Missing entries are 0.
using VectorClock = std::vector<unsigned>;

// An asynchronous store in flight, a part of a bulk copy, or a copy of a thread. A copy reads its source when it
// completes.
struct AsyncStore {
  void* destination;
  const void* source;  // of a copy; null for a store, which has its values here
  unsigned char values[16];
  unsigned bytes;
  VectorClock clock;  // what the completion releases: the storing thread's clock at the time of the store
  // For a copy of a thread: number of copies in flight that one arrival waits for. Null: the mbarrier counts bytes.
  std::shared_ptr<unsigned> copies_left;
};

// An mbarrier with a fixed number of arrivals per phase. Its eight bytes of shared memory hold a fixed bit pattern. A
// changed pattern shows that the kernel has overwritten the mbarrier.
struct Mbarrier {
  uint64_t* address;
  unsigned number;  // index among the cluster's mbarriers
  const Thread* initialiser;
  unsigned arrivals_at_init;  // the initialising thread's cluster barrier arrivals at initialisation
  unsigned block_barriers_at_init;  // the same for block barriers
  unsigned expected_arrivals, arrivals;  // per phase, and in the current phase
  long tx_count;  // expected bytes minus stored bytes; negative if stores complete before the arrival
  unsigned phase;             // number of completed phases
  std::vector<AsyncStore> in_flight;
  VectorClock phase_clock;      // joined clocks of the stores that completed in the current phase
  VectorClock completed_clock;  // the value of phase_clock at the end of the last completed phase
};

struct Thread {
  Fiber fiber;
  BuiltinVariables builtins;
  Block* block;
  Warp* warp;
  unsigned lane;
  WaitState wait_state;
  uint32_t result;  // this lane's result of the last warp-wide operation
  unsigned index;   // index within the cluster
  unsigned block_barriers, named_barriers;
  unsigned cluster_arrivals, cluster_waits;
  unsigned copy_groups;
  std::vector<AsyncCopy> copies;
  VectorClock clock;
};

// A warp-wide operation that waits for some of its lanes.
struct PendingCollective {
  unsigned mask = 0, arrived = 0;  // the lanes that take part, and those that wait
  Collective kind = Collective::kNone;
  int width = 0;
  uint32_t values[32];
  int operands[32];
};

struct Warp {
  Block* block;
  Thread* lanes;
  unsigned present;   // mask of the existing lanes: the last warp of a block may have fewer than 32
  unsigned runnable;  // mask of the lanes that do not wait
  unsigned rank;      // position in the thread order
  unsigned barriers;  // number of __syncwarp calls that all existing lanes completed together
  std::vector<PendingCollective> pending_collectives;
};

struct Block {
  unsigned rank;  // rank within the cluster
  unsigned char* shared;
  unsigned arrived;        // threads that wait at __syncthreads
  unsigned named_arrived;  // threads that wait at the named barrier
  unsigned finished;  // threads that have exited
  std::vector<Warp*> warps;
  std::vector<Mbarrier> mbarriers;
};

enum class ThreadOrder { kRoundRobin, kRoundRobinReverse, kRunAhead, kRunAheadReverse, kRunAheadShuffled };

struct LaunchShape {
  unsigned grid, block, cluster, shared_bytes;
  ThreadOrder order;
  uint64_t seed;
};

// The generator xorshift64*. The same seed gives the same thread order on every machine.
struct Random {
  uint64_t state;

  // A number in [0, bound).
  unsigned below(unsigned bound) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return static_cast<unsigned>((state * 0x2545f4914f6cdd1dull) >> 33) % bound;
  }
};

class Machine {
 public:
  int launch(KernelBody kernel, const void* arguments, size_t argument_bytes, const LaunchShape& shape, char* text,
             unsigned text_bytes);

  Thread* current = nullptr;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<Block> blocks;
  unsigned block_threads = 0, shared_bytes = 0;
  unsigned cluster_arrived = 0;  // threads that have arrived at the current cluster barrier
  unsigned completed_cluster_barriers = 0;
  KernelBody body = nullptr;
  const void* parameters = nullptr;
  size_t parameter_bytes = 0;
  StackArena stacks;

  // Suspends the current thread until wake() makes it runnable.
  void wait(WaitState reason);
  void wake(Thread& thread);

  // Ends the current thread. The cluster's last thread returns to the grid loop.
  [[noreturn]] void finish();

  // Whether an asynchronous store completes at once, as in the round-robin orders. In the other orders, a store
  // completes when no thread is runnable.
  bool completes_stores_at_once() const {
    return order == ThreadOrder::kRoundRobin || order == ThreadOrder::kRoundRobinReverse;
  }
  [[noreturn]] void fail_with(const char* format, va_list arguments);

 private:
  void order_warps(ThreadOrder wanted, uint64_t seed);
  bool prepare(const LaunchShape& shape);
  void reset_thread(size_t index, unsigned first_block, const LaunchShape& shape);
  void run_cluster(unsigned first_block, const LaunchShape& shape);
  Thread* next_thread();
  Thread* next_runnable();
  bool complete_some_stores();
  unsigned choose_lane(const Warp& warp) const;
  void resume(Thread* next, bool last);
  void describe_deadlock();
  void return_to_grid();

  Fiber grid;
  ThreadOrder order = ThreadOrder::kRoundRobin;
  Random random{1};
  unsigned lane_rotation = 0;            // first lane of a warp to run
  unsigned cursor = 0;                   // rank of the warp that ran last
  std::vector<Warp*> ranked;             // warps by rank
  std::vector<uint64_t> runnable_ranks;  // one bit per rank: whether the warp has a runnable lane
  unsigned unfinished = 0;
  bool failed = false;
  char* message = nullptr;
  unsigned message_bytes = 0;
};

// The calling operating-system thread's machine.
Machine& machine();

// Writes the values of a store, then counts their bytes at the mbarrier.
void complete_store(Mbarrier& barrier, const AsyncStore& store);

// Fails if a store to the block is in flight or a phase is incomplete. Called when the block's last thread exits.
void check_mbarriers_at_exit(const Block& block);

}  // namespace cuda_host
