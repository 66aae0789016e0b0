// The state of one launch: threads, warps, blocks of the cluster that is running now.
// Blocks of different clusters run one after the other; blocks of one cluster run together.
#pragma once
#include <stdarg.h>

#include <vector>

#include "cuda_host.h"
#include "fiber.h"

namespace cuda_host {

struct Block;
struct Warp;

enum class Waiting { nothing, warp, block, cluster, finished };

struct AsyncCopy {
    void* shared;
    const void* global;
    unsigned bytes;
    unsigned group;  // the commit that closed it counts from 1; 0 = still open
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
};

enum class Order { roundRobin, roundRobinReverse, runAhead, runAheadReverse, runAheadShuffled };

struct Shape {
    unsigned grid, block, cluster, sharedBytes;
    Order order;
    uint64_t seed;
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
    [[noreturn]] void failWith(const char* format, va_list arguments);

private:
    void orderWarps(Order wanted, uint64_t seed);
    bool prepare(const Shape& shape);
    void resetThread(size_t index, unsigned firstBlock, const Shape& shape);
    void runCluster(unsigned firstBlock, const Shape& shape);
    Thread* nextThread();
    unsigned chooseLane(const Warp& warp) const;
    void resume(Thread* next, bool last);
    void describeDeadlock();
    void returnToGrid(bool last);

    Fiber grid;
    Order order = Order::roundRobin;
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

}  // namespace cuda_host
