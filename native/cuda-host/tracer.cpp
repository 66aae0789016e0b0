#include "tracer.h"

#if defined(CUDA_HOST_TRACE)
#include <stdio.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "global_order.h"
#include "shadow.h"

namespace cuda_host {

Shadow::Name Shadow::name(const Access& access, const Machine& machine) {
  const BuiltinVariables& builtins = machine.threads[access.thread].builtins;
  Name name;
  snprintf(name.text, sizeof name.text, "block %u thread %u", builtins.block.x, builtins.thread.x);
  return name;
}

namespace {

constexpr uint64_t kMaxWarpsPerCluster = 16 * 32;

// A 32-byte sector of one warp-wide access. The n-th accesses of a warp's lanes to a buffer form one warp-wide access.
struct SectorAccess {
  uint64_t warp;  // unique in the whole grid
  uint32_t access;
  uint32_t sector;
  bool operator<(const SectorAccess& other) const {
    return std::tie(warp, access, sector) < std::tie(other.warp, other.access, other.sector);
  }
  bool operator==(const SectorAccess& other) const { return !(*this < other) && !(other < *this); }
};

// All reads, or all writes, of one buffer.
struct Traffic {
  uint64_t bytes = 0;
  std::vector<uint16_t> per_byte;  // number of accesses to each byte
  std::vector<SectorAccess> sectors;
  std::vector<uint32_t> accesses_of_thread;  // number of accesses by each thread of the current cluster

  void add(size_t offset, size_t size, const Thread& self, uintptr_t address, uint64_t cluster_run) {
    bytes += size;
    for (size_t i = offset; i < offset + size; i++) per_byte[i]++;
    if (accesses_of_thread.size() <= self.index) accesses_of_thread.resize(self.index + 1);
    uint32_t access = accesses_of_thread[self.index]++;
    uint64_t warp = cluster_run * kMaxWarpsPerCluster + uint64_t(self.warp - machine().warps.data());
    for (uintptr_t sector = address / 32; sector <= (address + size - 1) / 32; sector++)
      sectors.push_back({warp, access, static_cast<uint32_t>(sector)});
    if (sectors.size() > size_t(1) << 24) compact();
  }
  void compact() {
    std::sort(sectors.begin(), sectors.end());
    sectors.erase(std::unique(sectors.begin(), sectors.end()), sectors.end());
  }
  uint32_t least() const { return per_byte.empty() ? 0 : *std::min_element(per_byte.begin(), per_byte.end()); }
  uint32_t most() const { return per_byte.empty() ? 0 : *std::max_element(per_byte.begin(), per_byte.end()); }
};

struct Buffer {
  uintptr_t base;
  size_t bytes;
  bool writable;
  std::string name;
  Traffic reads, writes;
};

struct Tracer {
  std::vector<Buffer> buffers;
  std::vector<Shadow> shared;  // one for each block of the current cluster
  GlobalOrder order;
  uint64_t cluster_runs = 0;
};

Tracer& tracer() {
  static thread_local Tracer instance;
  return instance;
}

bool inside(uintptr_t address, size_t bytes, const void* base, size_t size) {
  uintptr_t start = reinterpret_cast<uintptr_t>(base);
  return address >= start && address + bytes <= start + size;
}

// Records one access of the current thread, or fails if it is a race or outside all known memory.
void record(const void* pointer, size_t bytes, bool write) {
  Machine& m = machine();
  if (m.current == nullptr || m.stacks.contains(pointer)) return;
  const Thread& self = *m.current;
  Tracer& t = tracer();
  uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  for (Block& block : m.blocks)
    if (inside(address, bytes, block.shared, m.shared_bytes)) {
      size_t offset = address - reinterpret_cast<uintptr_t>(block.shared);
      Shadow& shadow = t.shared[block.rank];
      write ? shadow.write(offset, bytes, self, m) : shadow.read(offset, bytes, self, m);
      return;
    }
  for (Buffer& buffer : t.buffers)
    if (inside(address, bytes, reinterpret_cast<void*>(buffer.base), buffer.bytes)) {
      if (write && !buffer.writable) fail("writes byte %zu of %s", address - buffer.base, buffer.name.c_str());
      if (write)
        t.order.write(address, bytes, self);
      else if (!t.order.is_ordered(address, bytes, self))
        fail("race: reads byte %zu of %s, written by another block with no fence and atomic operation between",
             address - buffer.base, buffer.name.c_str());
      (write ? buffer.writes : buffer.reads).add(address - buffer.base, bytes, self, address, t.cluster_runs);
      return;
    }
  if (inside(address, bytes, m.threads.data(), m.threads.size() * sizeof(Thread))) return;
  if (inside(address, bytes, m.parameters, m.parameter_bytes)) return;
  for (const Buffer& buffer : t.buffers)
    if (address + 256 > buffer.base && address < buffer.base + buffer.bytes + 256)
      fail("%s of %zu bytes at byte %td of %s, which has %zu", write ? "write" : "read", bytes,
           static_cast<ptrdiff_t>(address - buffer.base), buffer.name.c_str(), buffer.bytes);
  fail("%s of %zu bytes at %p, outside every buffer", write ? "write" : "read", bytes, pointer);
}

// The shadow memory of an asynchronous store's destination block, and the destination's offset in it.
std::pair<Shadow&, size_t> shadow_of(const AsyncStore& store) {
  Machine& m = machine();
  for (Block& block : m.blocks)
    if (inside(reinterpret_cast<uintptr_t>(store.destination), store.bytes, block.shared, m.shared_bytes))
      return {tracer().shared[block.rank],
              static_cast<size_t>(static_cast<unsigned char*>(store.destination) - block.shared)};
  fail("an asynchronous store at %p, outside the cluster's shared memory", store.destination);
}

void raise(VectorClock& clock, size_t index, unsigned value) {
  if (clock.size() <= index) clock.resize(index + 1);
  clock[index] = std::max(clock[index], value);
}

void join(VectorClock& clock, const VectorClock& other) {
  for (size_t i = 0; i < other.size(); i++) raise(clock, i, other[i]);
}

}  // namespace

void trace_store_issued(AsyncStore& store, const Mbarrier& barrier) {
  Machine& m = machine();
  const Thread& self = *m.current;
  store.clock = self.clock;
  raise(store.clock, static_cast<size_t>(self.warp - m.warps.data()), self.warp->barriers);
  auto [shadow, offset] = shadow_of(store);
  shadow.store_issued(offset, store, self, m, barrier);
}

void trace_store_completed(const AsyncStore& store, Mbarrier& barrier) {
  auto [shadow, offset] = shadow_of(store);
  shadow.store_completed(offset, store.bytes, barrier.phase);
  join(barrier.phase_clock, store.clock);
}

void trace_arrival(Mbarrier& barrier) {
  const Thread& self = *machine().current;
  join(barrier.phase_clock, self.clock);
  raise(barrier.phase_clock, static_cast<size_t>(self.warp - machine().warps.data()), self.warp->barriers);
}

void trace_phase_ended(Mbarrier& barrier) {
  raise(barrier.phase_clock, machine().warps.size() + barrier.number, barrier.phase);
  barrier.completed_clock = barrier.phase_clock;
}

void trace_mbarrier_wait(const Mbarrier& barrier) { join(machine().current->clock, barrier.completed_clock); }

void trace_fence() { tracer().order.fence(*machine().current); }
void trace_atomic(const void* address) {
  tracer().order.atomic(reinterpret_cast<uintptr_t>(address), *machine().current);
}

void trace_read(const void* address, size_t bytes) { record(address, bytes, false); }
void trace_write(const void* address, size_t bytes) { record(address, bytes, true); }

void trace_cluster_start(Machine& m) {
  Tracer& t = tracer();
  t.cluster_runs++;
  t.order.start_cluster(m.threads.size());
  t.shared.resize(m.blocks.size());
  for (Shadow& shadow : t.shared) shadow.reset(m.shared_bytes);
  for (Buffer& buffer : t.buffers) {
    buffer.reads.accesses_of_thread.clear();
    buffer.writes.accesses_of_thread.clear();
  }
}

}  // namespace cuda_host

using namespace cuda_host;

void cuda_host_trace_clear() { tracer() = Tracer(); }

int cuda_host_trace_buffer(const void* address, uint64_t bytes, int writable, const char* name) {
  Buffer buffer{reinterpret_cast<uintptr_t>(address), bytes, writable != 0, name, {}, {}};
  buffer.reads.per_byte.resize(bytes);
  buffer.writes.per_byte.resize(bytes);
  tracer().buffers.push_back(std::move(buffer));
  return static_cast<int>(tracer().buffers.size()) - 1;
}

void cuda_host_trace_counts(int number, TraceCounts* counts) {
  Buffer& buffer = tracer().buffers[static_cast<size_t>(number)];
  buffer.reads.compact();
  buffer.writes.compact();
  *counts = {buffer.reads.bytes,   buffer.writes.bytes, buffer.reads.sectors.size(), buffer.writes.sectors.size(),
             buffer.reads.least(), buffer.reads.most(), buffer.writes.least(),       buffer.writes.most()};
}

// The functions that code compiled with -fsanitize=thread calls. The thread sanitizer's own library is not linked.
#define HOOKS(size)                                                                   \
  CUDA_HOST_EXPORT void __tsan_read##size(void* p) {                                  \
    if (machine().current != nullptr) check_aligned(p, size, "read");                 \
    trace_read(p, size);                                                              \
  }                                                                                   \
  CUDA_HOST_EXPORT void __tsan_write##size(void* p) {                                 \
    if (machine().current != nullptr) check_aligned(p, size, "write");                \
    trace_write(p, size);                                                             \
  }                                                                                   \
  CUDA_HOST_EXPORT void __tsan_unaligned_read##size(void* p) { trace_read(p, size); } \
  CUDA_HOST_EXPORT void __tsan_unaligned_write##size(void* p) { trace_write(p, size); }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
CUDA_HOST_EXPORT void __tsan_read_range(void* p, size_t bytes) { trace_read(p, bytes); }
CUDA_HOST_EXPORT void __tsan_write_range(void* p, size_t bytes) { trace_write(p, bytes); }
CUDA_HOST_EXPORT void __tsan_vptr_update(void**, void*) {}
CUDA_HOST_EXPORT void __tsan_func_entry(void*) {}
CUDA_HOST_EXPORT void __tsan_func_exit() {}
CUDA_HOST_EXPORT void __tsan_init() {}
#endif
