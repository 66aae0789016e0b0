// The state of one launch: threads, warps, blocks of the cluster that is running now.
// Blocks of different clusters run one after the other; blocks of one cluster run together.
#pragma once
#include <stdarg.h>

#include <vector>

#include "cuda_host.h"
#include "fiber.h"

namespace cuda_host {

struct Block;
struct Thread;
struct Warp;

enum class Waiting { nothing, warp, block, cluster, mbarrier, finished };

struct AsyncCopy {
    void* shared;
    const void* global;
    unsigned bytes;
    unsigned group;  // the commit that closed it counts from 1; 0 = still open
};

/// What a thread knows to be over: by warp of the cluster, what that warp did before so many of its __syncwarp calls; then, by number of
/// an mbarrier, so many of its phases. Entries that are not there are 0. The tracer keeps it.
using Clock = std::vector<unsigned>;

/// An asynchronous store on its way.
struct AsyncStore {
    void* destination;
    unsigned char values[16];
    unsigned bytes;
    Clock known;  // of who sent it
};

/// An mbarrier of one arrival. Its eight bytes of shared memory hold a mark, which nobody may overwrite.
struct Mbarrier {
    uint64_t* address;
    unsigned number;         // of the cluster's mbarriers
    const Thread* maker;
    unsigned makerArrivals;  // at cluster barriers, when it was made
    bool announced;          // the running phase has had its arrival
    long missing;            // bytes announced but not there; below zero where they came first
    unsigned phase;          // phases that have ended
    std::vector<AsyncStore> onTheWay;
    Clock arriving, ended;   // what is known from stores of the running phase, and at the end of the last one
};

struct Thread {
    Fiber fiber;
    Place place;
    Block* block;
    Warp* warp;
    unsigned lane;
    Waiting waiting;
    uint32_t result;  // of the last warp-wide operation
    unsigned index;   // within the cluster
    unsigned blockBarriers;
    unsigned clusterArrivals, clusterWaits;
    unsigned copyGroups;
    std::vector<AsyncCopy> copies;
    Clock known;      // through mbarriers
};

/// A warp-wide operation that some of its lanes have reached.
struct Meeting {
    unsigned mask = 0, arrived = 0;
    Collective kind = Collective::none;
    int width = 0;
    uint32_t values[32];
    int operands[32];
};

struct Warp {
    Block* block;
    Thread* lanes;
    unsigned present;   // lanes that exist: the last warp of a block may be short
    unsigned runnable;
    unsigned rank;      // place in the thread order
    unsigned barriers;  // __syncwarp calls completed by all lanes that named each other
    std::vector<Meeting> meetings;
};

struct Block {
    unsigned rank;  // within the cluster
    unsigned char* shared;
    unsigned arrived;   // at __syncthreads
    unsigned finished;
    std::vector<Warp*> warps;
    std::vector<Mbarrier> mbarriers;
};

enum class Order { roundRobin, roundRobinReverse, runAhead, runAheadReverse, runAheadShuffled };

struct Shape {
    unsigned grid, block, cluster, sharedBytes;
    Order order;
    uint64_t seed;
};

/// xorshift64*: the same seed gives the same order on every machine.
struct Dice {
    uint64_t state;
    unsigned below(unsigned bound) {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return static_cast<unsigned>((state * 0x2545f4914f6cdd1dull) >> 33) % bound;
    }
};

class Machine {
public:
    int launch(KernelBody kernel, const void* arguments, size_t argumentBytes, const Shape& shape, char* text, unsigned textBytes);

    Thread* current = nullptr;
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::vector<Block> blocks;
    unsigned blockThreads = 0, sharedBytes = 0;
    unsigned clusterArrived = 0, completedClusterBarriers = 0;
    KernelBody body = nullptr;
    const void* parameters = nullptr;
    size_t parameterBytes = 0;
    StackArena stacks;

    /// Gives the processor to another thread until something wakes this one.
    void wait(Waiting reason);
    void wake(Thread& thread);
    /// Ends the current thread; the last one of the cluster returns to the grid loop.
    [[noreturn]] void finish();
    /// Whether asynchronous stores land as soon as they are sent, or as late as can be: when no thread can go on.
    bool landsAtOnce() const { return order == Order::roundRobin || order == Order::roundRobinReverse; }
    [[noreturn]] void failWith(const char* format, va_list arguments);

private:
    void orderWarps(Order wanted, uint64_t seed);
    bool prepare(const Shape& shape);
    void resetThread(size_t index, unsigned firstBlock, const Shape& shape);
    void runCluster(unsigned firstBlock, const Shape& shape);
    Thread* nextThread();
    Thread* nextRunnable();
    bool landStores();
    unsigned chooseLane(const Warp& warp) const;
    void resume(Thread* next, bool last);
    void describeDeadlock();
    void returnToGrid(bool last);

    Fiber grid;
    Order order = Order::roundRobin;
    Dice dice{1};                        // for asynchronous stores
    unsigned laneRotation = 0;
    unsigned cursor = 0;                 // rank of the warp that ran last
    std::vector<Warp*> ranked;           // warps in thread order
    std::vector<uint64_t> runnableRanks;  // one bit per rank
    unsigned unfinished = 0;
    bool failed = false;
    char* message = nullptr;
    unsigned messageBytes = 0;
};

/// The machine of this processor thread.
Machine& machine();

/// The values of one store arrive, then its mbarrier counts their bytes.
void land(Mbarrier& barrier, const AsyncStore& store);
/// At the exit of a block's last thread: nothing may be on its way, no phase half done.
void checkMbarriersAtExit(const Block& block);

}  // namespace cuda_host
