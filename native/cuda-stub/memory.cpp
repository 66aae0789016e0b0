// Device, managed and pinned memory, copies between them and the host, and what the driver tells about an address.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stub.h"

namespace stub {

static const size_t edge = 512;  // guarded bytes on both sides, and the alignment
static const int edgeByte = 0xa5;

static bool isOfDevice(Kind kind) { return kind == Kind::device || kind == Kind::managed; }

static size_t inUse(int device) {
    size_t bytes = 0;
    for (auto& allocation : state().allocations)
        if (isOfDevice(allocation.second.kind) && allocation.second.device == device) bytes += allocation.second.bytes;
    return bytes;
}

static size_t capacity() { return static_cast<size_t>(number("CUDA_STUB_MEMORY", 1L << 30)); }

static size_t padded(size_t bytes) { return (bytes + edge - 1) / edge * edge + 2 * edge; }

static Result allocate(Context& context, Kind kind, size_t bytes, uintptr_t* address, bool mappable = false) {
    if (bytes == 0) return INVALID_VALUE;
    if (isOfDevice(kind) && bytes > capacity() - inUse(context.device)) return OUT_OF_MEMORY;
    void *memory = nullptr, *seen = nullptr;
    if (mappable)
        memory = mapTwice(padded(bytes), &seen);
    else if (posix_memalign(&memory, edge, padded(bytes)) != 0)
        memory = nullptr;
    if (memory == nullptr) return OUT_OF_MEMORY;
    memset(memory, edgeByte, padded(bytes));
    *address = reinterpret_cast<uintptr_t>(memory) + edge;
    memset(reinterpret_cast<void*>(*address), 0xff, bytes);  // NaN in f32, bf16 and f16
    state().allocations[*address] = {kind, context.device, bytes, mappable ? reinterpret_cast<uintptr_t>(seen) + edge : 0};
    return SUCCESS;
}

static bool isEdge(const unsigned char* from, const unsigned char* to) {
    for (; from < to; from++)
        if (*from != edgeByte) return false;
    return true;
}

static Result release(uintptr_t address, bool pinned) {
    auto found = state().allocations.find(address);
    if (found == state().allocations.end() || (pinned ? found->second.kind != Kind::pinned : !isOfDevice(found->second.kind))) return INVALID_VALUE;
    unsigned char* begin = reinterpret_cast<unsigned char*>(address);
    unsigned char* end = begin + found->second.bytes;
    bool whole = isEdge(begin - edge, begin) && isEdge(end, end + edge);
    if (!whole) report("something wrote outside of an allocation of %zu bytes", found->second.bytes);
    memset(begin, 0xff, found->second.bytes);
    if (found->second.seen == 0) {
        free(begin - edge);
    } else {
        state().allocations.erase(found->second.seen);
        unmapTwice(begin - edge, reinterpret_cast<void*>(found->second.seen - edge), padded(found->second.bytes));
    }
    state().allocations.erase(found);
    return whole ? SUCCESS : ILLEGAL_ADDRESS;
}

size_t freeAll(int device) {
    std::vector<std::pair<uintptr_t, bool>> lost;
    for (auto& allocation : state().allocations)
        if (allocation.second.device == device && allocation.second.kind != Kind::mapped)
            lost.push_back({allocation.first, allocation.second.kind == Kind::pinned});
    for (auto& allocation : lost) release(allocation.first, allocation.second);
    return lost.size();
}

const Allocation* allocationOf(uintptr_t address, size_t bytes) {
    auto after = state().allocations.upper_bound(address);
    if (after == state().allocations.begin()) return nullptr;
    auto found = std::prev(after);
    return address + bytes <= found->first + found->second.bytes ? &found->second : nullptr;
}

bool reachable(const Context& context, uintptr_t address, size_t bytes) {
    const Allocation* allocation = allocationOf(address, bytes);
    if (allocation == nullptr || allocation->kind == Kind::pinned) return false;
    return allocation->kind == Kind::managed || allocation->device == context.device;
}

bool mapped(uintptr_t address) {
    uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    unsigned char resident;
    return mincore(reinterpret_cast<void*>(address / page * page), page, &resident) == 0;
}

static bool isPinned(uintptr_t address, size_t bytes) {
    const Allocation* allocation = allocationOf(address, bytes);
    return allocation != nullptr && allocation->kind == Kind::pinned;
}

/// A copy whose ends are looked at again when it is done: one of them may have been freed.
static Work copy(uintptr_t to, uintptr_t from, size_t bytes, uintptr_t pinned) {
    return [=] {
        if (pinned != 0 && !isPinned(pinned, bytes)) {
            report("pinned memory was freed before a copy of %zu bytes was done", bytes);
            return ILLEGAL_ADDRESS;
        }
        if (allocationOf(to, bytes) == nullptr && allocationOf(from, bytes) == nullptr) return ILLEGAL_ADDRESS;
        memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
        return SUCCESS;
    };
}

}  // namespace stub

using namespace stub;

STUB_EXPORT int cuMemGetInfo_v2(size_t* available, size_t* total) {
    return within([&](Context& context) {
        *total = capacity();
        return *available = *total - inUse(context.device), SUCCESS;
    });
}

STUB_EXPORT int cuMemAlloc_v2(uintptr_t* address, size_t bytes) {
    return withinUncaptured([&](Context& context) { return allocate(context, Kind::device, bytes, address); });
}

STUB_EXPORT int cuMemAllocManaged(uintptr_t* address, size_t bytes, unsigned) {
    return withinUncaptured([&](Context& context) { return allocate(context, Kind::managed, bytes, address); });
}

STUB_EXPORT int cuMemHostAlloc(uintptr_t* address, size_t bytes, unsigned flags) {
    const unsigned deviceMap = 2;
    return withinUncaptured([&](Context& context) { return allocate(context, Kind::pinned, bytes, address, (flags & deviceMap) != 0); });
}

STUB_EXPORT int cuMemHostGetDevicePointer_v2(uintptr_t* seen, uintptr_t address, unsigned flags) {
    return within([&](Context& context) {
        auto found = state().allocations.find(address);
        if (found == state().allocations.end() || found->second.seen == 0 || flags != 0) return INVALID_VALUE;
        *seen = found->second.seen;
        state().allocations[*seen] = {Kind::mapped, context.device, found->second.bytes};
        return SUCCESS;
    });
}

/// Waits for everything, as the driver does.
STUB_EXPORT int cuMemFree_v2(uintptr_t address) {
    return withinUncaptured([&](Context& context) {
        Result result = carryOutAll(context);
        return result != SUCCESS ? result : release(address, false);
    });
}

/// Waits for nothing: whoever frees memory that a copy still needs is found out.
STUB_EXPORT int cuMemFreeHost(uintptr_t address) {
    return withinUncaptured([&](Context&) { return release(address, true); });
}

/// From pageable memory the driver takes what it needs before it returns; from pinned memory, when the copy's turn comes.
STUB_EXPORT int cuMemcpyHtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void* handle) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (!reachable(context, to, bytes)) return INVALID_VALUE;
        if (isPinned(from, bytes)) return submit(*stream, copy(to, from, bytes, from));
        if (stream->capture != nullptr) return submit(*stream, copy(to, from, bytes, 0));
        const char* host = reinterpret_cast<const char*>(from);
        auto taken = std::make_shared<std::vector<char>>(host, host + bytes);
        return submit(*stream, [=] { return copy(to, reinterpret_cast<uintptr_t>(taken->data()), bytes, 0)(); });
    });
}

/// To pageable memory the driver returns when all is done.
STUB_EXPORT int cuMemcpyDtoHAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void* handle) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (!reachable(context, from, bytes)) return INVALID_VALUE;
        bool pinned = isPinned(to, bytes);
        Result submitted = submit(*stream, copy(to, from, bytes, pinned ? to : 0));
        return submitted != SUCCESS || pinned || stream->capture != nullptr ? submitted : carryOut(*stream);
    });
}

STUB_EXPORT int cuMemcpyDtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void* handle) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (!reachable(context, to, bytes) || !reachable(context, from, bytes)) return INVALID_VALUE;
        return submit(*stream, copy(to, from, bytes, 0));
    });
}

STUB_EXPORT int cuMemsetD8Async(uintptr_t to, unsigned char value, size_t bytes, void* handle) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (!reachable(context, to, bytes)) return INVALID_VALUE;
        return submit(*stream, [=] {
            if (allocationOf(to, bytes) == nullptr) return ILLEGAL_ADDRESS;
            memset(reinterpret_cast<void*>(to), value, bytes);
            return SUCCESS;
        });
    });
}

STUB_EXPORT int cuPointerGetAttribute(void* value, int attribute, uintptr_t address) {
    return within([&](Context&) {
        const Allocation* allocation = allocationOf(address, 1);
        if (allocation == nullptr) return INVALID_VALUE;
        switch (attribute) {
            case 2: *static_cast<unsigned*>(value) = isOfDevice(allocation->kind) ? 2 : 1; break;            // memory type
            case 8: *static_cast<unsigned char*>(value) = allocation->kind == Kind::managed ? 1 : 0; break;  // is managed
            case 9: *static_cast<int*>(value) = allocation->device; break;                                  // device ordinal
            default: return INVALID_VALUE;
        }
        return SUCCESS;
    });
}
