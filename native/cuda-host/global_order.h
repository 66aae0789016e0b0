// The race detector for global memory. A block may read what another block has stored only after four steps in this
// order: a fence and an atomic operation of the storing block, then an atomic operation and a fence of the reading
// block. Barriers extend the order from the threads that pass the fences to the other threads of their blocks. Without
// the detector such a race would not show: clusters run one after the other here, so that a read always finds the
// stored value, where a device could read an older one.
#pragma once
#include <stdint.h>

#include <map>
#include <unordered_map>
#include <vector>

#include "machine.h"

namespace cuda_host {

class GlobalOrder {
 public:
  void start_cluster(size_t threads) {
    clusters++;
    fences.assign(threads, Fence());
    acquired.clear();
  }

  // A fence orders the calling thread's earlier stores, and those of its block before the last block barrier.
  void fence(const Thread& self) {
    Fence& own = fences[self.index];
    own.stores_before = self.block_barriers + 1;
    if (own.seen > 0) {
      Acquired& of_block = acquired[self.block->rank];
      of_block = {self.index, self.block_barriers, own.seen};
    }
  }

  void atomic(uintptr_t address, const Thread& self) {
    atomics[address / kUnit] = true;
    Fence& own = fences[self.index];
    if (own.stores_before > 0) releases.push_back({block_of(self), self.index, own.stores_before - 1});
    own.seen = releases.size();
  }

  void write(uintptr_t address, size_t bytes, const Thread& self) {
    for (uintptr_t unit = address / kUnit; unit <= (address + bytes - 1) / kUnit; unit++)
      writes[unit] = {block_of(self), self.index, self.block_barriers};
  }

  // Whether the calling thread sees the last write of each of these bytes.
  bool is_ordered(uintptr_t address, size_t bytes, const Thread& self) const {
    if (atomics.count(address / kUnit) != 0) return true;
    for (uintptr_t unit = address / kUnit; unit <= (address + bytes - 1) / kUnit; unit++) {
      auto found = writes.find(unit);
      if (found != writes.end() && !is_ordered(found->second, self)) return false;
    }
    return true;
  }

 private:
  static constexpr uintptr_t kUnit = 2;  // bytes of the smallest element
  static constexpr uint64_t kMostBlocks = 16;

  struct Fence {
    unsigned stores_before = 0;  // block barriers before the last fence, counted from 1; 0 without a fence
    size_t seen = 0;             // releases before the last atomic operation
  };
  // What a block may read: the number of releases that are visible to the acquiring thread, and after the next block
  // barrier to all its threads.
  struct Acquired {
    unsigned thread, block_barriers;
    size_t releases;
  };
  struct Stores {
    uint64_t block;
    unsigned thread, block_barriers;
  };

  uint64_t block_of(const Thread& thread) const { return clusters * kMostBlocks + thread.block->rank; }

  bool is_ordered(const Stores& write, const Thread& self) const {
    if (write.block == block_of(self)) return true;
    auto found = acquired.find(self.block->rank);
    if (found == acquired.end()) return false;
    const Acquired& own = found->second;
    if (own.thread != self.index && own.block_barriers == self.block_barriers) return false;
    for (size_t i = 0; i < own.releases; i++) {
      const Stores& release = releases[i];
      if (release.block == write.block &&
          (release.thread == write.thread || write.block_barriers < release.block_barriers))
        return true;
    }
    return false;
  }

  uint64_t clusters = 0;
  std::vector<Fence> fences;              // by thread of the cluster
  std::map<unsigned, Acquired> acquired;  // by block of the cluster
  std::vector<Stores> releases;           // the stores that a fence and an atomic operation have released
  std::unordered_map<uintptr_t, Stores> writes;
  std::unordered_map<uintptr_t, bool> atomics;
};

}  // namespace cuda_host
