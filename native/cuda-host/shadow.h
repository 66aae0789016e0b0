// The race detector for shared memory. It keeps each byte's last accesses with the barrier counts of their threads.
// Two accesses of different threads are ordered if a barrier of both threads lies between them, or if the later
// thread's vector clock, which mbarriers advance, covers the earlier access.
#pragma once
#include <stdint.h>

#include <vector>

#include "machine.h"

namespace cuda_host {

inline unsigned entry(const VectorClock& clock, size_t index) { return index < clock.size() ? clock[index] : 0; }

struct Access {
  static constexpr uint32_t kNoThread = ~0u, kInFlight = ~0u;

  uint32_t thread = kNoThread;  // index within the cluster
  uint32_t block_barriers = 0, named_barriers = 0, cluster_arrivals = 0, warp_barriers = 0;
  uint32_t mbarrier = 0;  // an asynchronous store's mbarrier, counted from 1; 0 for other accesses
  uint32_t phase = 0;     // the mbarrier's phase in which the asynchronous store completed, or kInFlight

  bool exists() const { return thread != kNoThread; }

  static Access by(const Thread& self) {
    return {self.index, self.block_barriers, self.named_barriers, self.cluster_arrivals, self.warp->barriers, 0, 0};
  }

  // Within a warp only __syncwarp orders accesses. A shuffle does not order memory.
  bool happens_before(const Thread& now, const Machine& machine) const {
    const Thread& then = machine.threads[thread];
    if (mbarrier != 0) return phase != kInFlight && phase < entry(now.clock, machine.warps.size() + mbarrier - 1);
    if (&then == &now) return true;
    if (then.block == now.block && block_barriers < now.block_barriers) return true;
    // A thread that takes no part in named barriers never passes one.
    if (then.block == now.block && named_barriers < now.named_barriers && named_barriers < then.named_barriers)
      return true;
    if (then.warp == now.warp && warp_barriers < now.warp->barriers) return true;
    if (warp_barriers < entry(now.clock, static_cast<size_t>(then.warp - machine.warps.data()))) return true;
    return cluster_arrivals < now.cluster_waits;
  }
};

// The last accesses of one byte. `other_read` is the last read by another thread than the one of `last_read`.
struct ShadowByte {
  Access last_write, last_read, other_read;
};

// The shadow memory of one block's shared memory.
class Shadow {
 public:
  void reset(size_t bytes) { cells.assign(bytes, ShadowByte()); }

  void read(size_t offset, size_t bytes, const Thread& self, const Machine& machine) {
    for (size_t i = offset; i < offset + bytes; i++) {
      ShadowByte& cell = cells[i];
      if (!cell.last_write.exists()) fail("reads byte %zu of shared memory, which no thread wrote", i);
      if (!cell.last_write.happens_before(self, machine))
        fail("race: reads byte %zu of shared memory, written by %s with no barrier between", i,
             name(cell.last_write, machine).text);
      if (cell.last_read.thread != self.index) cell.other_read = cell.last_read;
      cell.last_read = Access::by(self);
    }
  }

  void write(size_t offset, size_t bytes, const Thread& self, const Machine& machine) {
    for (size_t i = offset; i < offset + bytes; i++) {
      ShadowByte& cell = cells[i];
      for (const Access* earlier : {&cell.last_write, &cell.last_read, &cell.other_read})
        if (earlier->exists() && !earlier->happens_before(self, machine))
          fail("race: writes byte %zu of shared memory, %s by %s with no barrier between", i,
               earlier == &cell.last_write ? "written" : "read", name(*earlier, machine).text);
      cell.last_write = Access::by(self);
      cell.last_read = cell.other_read = Access();
    }
  }

  void store_issued(size_t offset, size_t bytes, const Thread& self, const Machine& machine, const Mbarrier& barrier) {
    write(offset, bytes, self, machine);
    for (size_t i = offset; i < offset + bytes; i++) {
      cells[i].last_write.mbarrier = barrier.number + 1;
      cells[i].last_write.phase = Access::kInFlight;
    }
  }

  void store_completed(size_t offset, size_t bytes, unsigned phase) {
    for (size_t i = offset; i < offset + bytes; i++) cells[i].last_write.phase = phase;
  }

 private:
  struct Name {
    char text[48];
  };
  static Name name(const Access& access, const Machine& machine);
  std::vector<ShadowByte> cells;
};

}  // namespace cuda_host
