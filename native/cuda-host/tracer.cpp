#include "tracer.h"

#if defined(CUDA_HOST_TRACE)
#include <stdio.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "shadow.h"

namespace cuda_host {

Shadow::Name Shadow::name(const Touch& touch, const Machine& machine) {
    const Place& place = machine.threads[touch.thread].place;
    Name name;
    snprintf(name.text, sizeof name.text, "block %u thread %u", place.block.x, place.thread.x);
    return name;
}

namespace {

/// One 32-byte sector touched by one warp-wide access. Lanes belong to the same access when they are at the same
/// place in their own sequence of accesses to the buffer.
struct SectorTouch {
    uint64_t warp;
    uint32_t access;
    uint32_t sector;
    bool operator<(const SectorTouch& o) const {
        return std::tie(warp, access, sector) < std::tie(o.warp, o.access, o.sector);
    }
    bool operator==(const SectorTouch& o) const { return !(*this < o) && !(o < *this); }
};

/// Accesses of one kind (reads or writes) to one buffer.
struct Traffic {
    uint64_t bytes = 0;
    std::vector<uint16_t> perByte;
    std::vector<SectorTouch> sectors;
    std::vector<uint32_t> accessesOfThread;  // within the running cluster

    void add(size_t offset, size_t size, const Thread& self, uintptr_t address, uint64_t clusterRun) {
        bytes += size;
        for (size_t i = offset; i < offset + size; i++) perByte[i]++;
        if (accessesOfThread.size() <= self.index) accessesOfThread.resize(self.index + 1);
        uint32_t access = accessesOfThread[self.index]++;
        uint64_t warp = clusterRun * 512 + uint64_t(self.warp - machine().warps.data());
        for (uintptr_t sector = address / 32; sector <= (address + size - 1) / 32; sector++)
            sectors.push_back({warp, access, static_cast<uint32_t>(sector)});
        if (sectors.size() > size_t(1) << 24) compact();
    }
    void compact() {
        std::sort(sectors.begin(), sectors.end());
        sectors.erase(std::unique(sectors.begin(), sectors.end()), sectors.end());
    }
    uint32_t least() const { return perByte.empty() ? 0 : *std::min_element(perByte.begin(), perByte.end()); }
    uint32_t most() const { return perByte.empty() ? 0 : *std::max_element(perByte.begin(), perByte.end()); }
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
    std::vector<Shadow> shared;  // per block of the running cluster
    uint64_t clusterRuns = 0;
};

Tracer& tracer() {
    static thread_local Tracer instance;
    return instance;
}

bool inside(uintptr_t address, size_t bytes, const void* base, size_t size) {
    uintptr_t start = reinterpret_cast<uintptr_t>(base);
    return address >= start && address + bytes <= start + size;
}

void access(const void* pointer, size_t bytes, bool write) {
    Machine& m = machine();
    if (m.current == nullptr || m.stacks.contains(pointer)) return;
    const Thread& self = *m.current;
    Tracer& t = tracer();
    uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
    for (Block& block : m.blocks)
        if (inside(address, bytes, block.shared, m.sharedBytes)) {
            size_t offset = address - reinterpret_cast<uintptr_t>(block.shared);
            Shadow& shadow = t.shared[block.rank];
            write ? shadow.write(offset, bytes, self, m) : shadow.read(offset, bytes, self, m);
            return;
        }
    for (Buffer& buffer : t.buffers)
        if (inside(address, bytes, reinterpret_cast<void*>(buffer.base), buffer.bytes)) {
            if (write && !buffer.writable) fail("writes byte %zu of %s", address - buffer.base, buffer.name.c_str());
            (write ? buffer.writes : buffer.reads).add(address - buffer.base, bytes, self, address, t.clusterRuns);
            return;
        }
    if (inside(address, bytes, m.threads.data(), m.threads.size() * sizeof(Thread))) return;
    if (inside(address, bytes, m.parameters, m.parameterBytes)) return;
    for (const Buffer& buffer : t.buffers)
        if (address + 256 > buffer.base && address < buffer.base + buffer.bytes + 256)
            fail("%s of %zu bytes at byte %td of %s, which has %zu", write ? "write" : "read", bytes,
                 static_cast<ptrdiff_t>(address - buffer.base), buffer.name.c_str(), buffer.bytes);
    fail("%s of %zu bytes at %p, outside every buffer", write ? "write" : "read", bytes, pointer);
}

/// The shadow of the block that an asynchronous store goes to, and where in it.
std::pair<Shadow&, size_t> shadowOf(const AsyncStore& store) {
    Machine& m = machine();
    for (Block& block : m.blocks)
        if (inside(reinterpret_cast<uintptr_t>(store.destination), store.bytes, block.shared, m.sharedBytes))
            return {tracer().shared[block.rank], static_cast<size_t>(static_cast<unsigned char*>(store.destination) - block.shared)};
    fail("an asynchronous store at %p, outside the cluster's shared memory", store.destination);
}

void raise(Clock& clock, size_t index, unsigned value) {
    if (clock.size() <= index) clock.resize(index + 1);
    clock[index] = std::max(clock[index], value);
}

void join(Clock& clock, const Clock& other) {
    for (size_t i = 0; i < other.size(); i++) raise(clock, i, other[i]);
}

}  // namespace

void traceStoreSent(AsyncStore& store, const Mbarrier& barrier) {
    Machine& m = machine();
    const Thread& self = *m.current;
    store.known = self.known;
    raise(store.known, static_cast<size_t>(self.warp - m.warps.data()), self.warp->barriers);
    auto [shadow, offset] = shadowOf(store);
    shadow.send(offset, store.bytes, self, m, barrier);
}

void traceStoreLanded(const AsyncStore& store, Mbarrier& barrier) {
    auto [shadow, offset] = shadowOf(store);
    shadow.landed(offset, store.bytes, barrier.phase);
    join(barrier.arriving, store.known);
}

void tracePhaseEnded(Mbarrier& barrier) {
    raise(barrier.arriving, machine().warps.size() + barrier.number, barrier.phase);
    barrier.ended = barrier.arriving;
}

void traceMbarrierWait(const Mbarrier& barrier) { join(machine().current->known, barrier.ended); }

void traceRead(const void* address, size_t bytes) { access(address, bytes, false); }
void traceWrite(const void* address, size_t bytes) { access(address, bytes, true); }

void traceClusterStart(Machine& m) {
    Tracer& t = tracer();
    t.clusterRuns++;
    t.shared.resize(m.blocks.size());
    for (Shadow& shadow : t.shared) shadow.reset(m.sharedBytes);
    for (Buffer& buffer : t.buffers) {
        buffer.reads.accessesOfThread.clear();
        buffer.writes.accessesOfThread.clear();
    }
}

}  // namespace cuda_host

using namespace cuda_host;

void cuda_host_trace_clear() { tracer() = Tracer(); }

int cuda_host_trace_buffer(const void* address, uint64_t bytes, int writable, const char* name) {
    Buffer buffer{reinterpret_cast<uintptr_t>(address), bytes, writable != 0, name, {}, {}};
    buffer.reads.perByte.resize(bytes);
    buffer.writes.perByte.resize(bytes);
    tracer().buffers.push_back(std::move(buffer));
    return static_cast<int>(tracer().buffers.size()) - 1;
}

void cuda_host_trace_counts(int number, TraceCounts* counts) {
    Buffer& buffer = tracer().buffers[static_cast<size_t>(number)];
    buffer.reads.compact();
    buffer.writes.compact();
    *counts = {buffer.reads.bytes,    buffer.writes.bytes,  buffer.reads.sectors.size(), buffer.writes.sectors.size(),
               buffer.reads.least(),  buffer.reads.most(),  buffer.writes.least(),       buffer.writes.most()};
}

// What g++ -fsanitize=thread calls. Nothing of the real thread sanitizer is linked.
#define HOOKS(size)                                                                                        \
    CUDA_HOST_EXPORT void __tsan_read##size(void* p) {                                                     \
        if (machine().current != nullptr) checkAligned(p, size, "read");                                   \
        traceRead(p, size);                                                                                \
    }                                                                                                      \
    CUDA_HOST_EXPORT void __tsan_write##size(void* p) {                                                    \
        if (machine().current != nullptr) checkAligned(p, size, "write");                                  \
        traceWrite(p, size);                                                                               \
    }                                                                                                      \
    CUDA_HOST_EXPORT void __tsan_unaligned_read##size(void* p) { traceRead(p, size); }                     \
    CUDA_HOST_EXPORT void __tsan_unaligned_write##size(void* p) { traceWrite(p, size); }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
CUDA_HOST_EXPORT void __tsan_read_range(void* p, size_t bytes) { traceRead(p, bytes); }
CUDA_HOST_EXPORT void __tsan_write_range(void* p, size_t bytes) { traceWrite(p, bytes); }
CUDA_HOST_EXPORT void __tsan_vptr_update(void**, void*) {}
CUDA_HOST_EXPORT void __tsan_func_entry(void*) {}
CUDA_HOST_EXPORT void __tsan_func_exit() {}
CUDA_HOST_EXPORT void __tsan_init() {}
#endif
