// Device, managed and pinned memory, copies, and the attributes of an address.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stub.h"

namespace cuda_stub {

constexpr size_t kGuardBytes = 512;  // size of the guard on each side of an allocation, and the alignment
constexpr int kGuardByte = 0xa5;

static bool is_of_device(Kind kind) { return kind == Kind::kDevice || kind == Kind::kManaged; }

static size_t in_use(int device) {
  size_t bytes = 0;
  for (auto& allocation : state().allocations)
    if (is_of_device(allocation.second.kind) && allocation.second.device == device) bytes += allocation.second.bytes;
  return bytes;
}

static size_t capacity() { return static_cast<size_t>(number("CUDA_STUB_MEMORY", 1L << 30)); }

static size_t padded(size_t bytes) { return (bytes + kGuardBytes - 1) / kGuardBytes * kGuardBytes + 2 * kGuardBytes; }

static Result allocate(Context& context, Kind kind, size_t bytes, uintptr_t* address, bool mappable = false) {
  if (bytes == 0) return kInvalidValue;
  if (is_of_device(kind) && bytes > capacity() - in_use(context.device)) return kOutOfMemory;
  void *memory = nullptr, *device_address = nullptr;
  if (mappable)
    memory = map_twice(padded(bytes), &device_address);
  else if (posix_memalign(&memory, kGuardBytes, padded(bytes)) != 0)
    memory = nullptr;
  if (memory == nullptr) return kOutOfMemory;
  memset(memory, kGuardByte, padded(bytes));
  *address = reinterpret_cast<uintptr_t>(memory) + kGuardBytes;
  memset(reinterpret_cast<void*>(*address), 0xff, bytes);  // NaN in f32, bf16 and f16
  state().allocations[*address] = {kind, context.device, bytes,
                                   mappable ? reinterpret_cast<uintptr_t>(device_address) + kGuardBytes : 0};
  return kSuccess;
}

static bool is_guard(const unsigned char* from, const unsigned char* to) {
  for (; from < to; from++)
    if (*from != kGuardByte) return false;
  return true;
}

static Result release(uintptr_t address, bool pinned) {
  auto found = state().allocations.find(address);
  if (found == state().allocations.end() ||
      (pinned ? found->second.kind != Kind::kPinned : !is_of_device(found->second.kind)))
    return kInvalidValue;
  unsigned char* begin = reinterpret_cast<unsigned char*>(address);
  unsigned char* end = begin + found->second.bytes;
  bool intact = is_guard(begin - kGuardBytes, begin) && is_guard(end, end + kGuardBytes);
  if (!intact) report("the guard bytes of an allocation of %zu bytes were overwritten", found->second.bytes);
  memset(begin, 0xff, found->second.bytes);
  if (found->second.device_address == 0) {
    free(begin - kGuardBytes);
  } else {
    state().allocations.erase(found->second.device_address);
    unmap_twice(begin - kGuardBytes, reinterpret_cast<void*>(found->second.device_address - kGuardBytes),
                padded(found->second.bytes));
  }
  state().allocations.erase(found);
  return intact ? kSuccess : kIllegalAddress;
}

size_t free_all(int device) {
  std::vector<std::pair<uintptr_t, bool>> leaked;
  for (auto& allocation : state().allocations)
    if (allocation.second.device == device && allocation.second.kind != Kind::kMapped)
      leaked.push_back({allocation.first, allocation.second.kind == Kind::kPinned});
  for (auto& allocation : leaked) release(allocation.first, allocation.second);
  return leaked.size();
}

const Allocation* allocation_of(uintptr_t address, size_t bytes) {
  auto after = state().allocations.upper_bound(address);
  if (after == state().allocations.begin()) return nullptr;
  auto found = std::prev(after);
  return address + bytes <= found->first + found->second.bytes ? &found->second : nullptr;
}

bool reachable(const Context& context, uintptr_t address, size_t bytes) {
  const Allocation* allocation = allocation_of(address, bytes);
  if (allocation == nullptr || allocation->kind == Kind::kPinned) return false;
  return allocation->kind == Kind::kManaged || allocation->device == context.device;
}

bool is_mapped(uintptr_t address) {
  uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  unsigned char resident;
  return mincore(reinterpret_cast<void*>(address / page * page), page, &resident) == 0;
}

static bool is_pinned(uintptr_t address, size_t bytes) {
  const Allocation* allocation = allocation_of(address, bytes);
  return allocation != nullptr && allocation->kind == Kind::kPinned;
}

// A copy that fails, when it runs, if its memory was freed since the call. `pinned` is its pinned address, or 0.
static Work copy(uintptr_t to, uintptr_t from, size_t bytes, uintptr_t pinned) {
  return [=] {
    if (pinned != 0 && !is_pinned(pinned, bytes)) {
      report("pinned memory was freed before a copy of %zu bytes ran", bytes);
      return kIllegalAddress;
    }
    if (allocation_of(to, bytes) == nullptr && allocation_of(from, bytes) == nullptr) return kIllegalAddress;
    memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
    return kSuccess;
  };
}

}  // namespace cuda_stub

using namespace cuda_stub;

STUB_EXPORT int cuMemGetInfo_v2(size_t* available, size_t* total) {
  return in_context([&](Context& context) {
    *total = capacity();
    *available = *total - in_use(context.device);
    return kSuccess;
  });
}

STUB_EXPORT int cuMemAlloc_v2(uintptr_t* address, size_t bytes) {
  return in_context_uncaptured([&](Context& context) { return allocate(context, Kind::kDevice, bytes, address); });
}

STUB_EXPORT int cuMemAllocManaged(uintptr_t* address, size_t bytes, unsigned) {
  return in_context_uncaptured([&](Context& context) { return allocate(context, Kind::kManaged, bytes, address); });
}

STUB_EXPORT int cuMemHostAlloc(uintptr_t* address, size_t bytes, unsigned flags) {
  const unsigned kDeviceMap = 2;
  return in_context_uncaptured(
      [&](Context& context) { return allocate(context, Kind::kPinned, bytes, address, (flags & kDeviceMap) != 0); });
}

STUB_EXPORT int cuMemHostGetDevicePointer_v2(uintptr_t* device_address, uintptr_t address, unsigned flags) {
  return in_context([&](Context& context) {
    auto found = state().allocations.find(address);
    if (found == state().allocations.end() || found->second.device_address == 0 || flags != 0) return kInvalidValue;
    *device_address = found->second.device_address;
    state().allocations[*device_address] = {Kind::kMapped, context.device, found->second.bytes};
    return kSuccess;
  });
}

// Waits for all work of the context, as the driver does.
STUB_EXPORT int cuMemFree_v2(uintptr_t address) {
  return in_context_uncaptured([&](Context& context) {
    Result result = run_all_queues(context);
    return result != kSuccess ? result : release(address, false);
  });
}

// Waits for nothing, so that a copy that still needs the memory fails.
STUB_EXPORT int cuMemFreeHost(uintptr_t address) {
  return in_context_uncaptured([&](Context&) { return release(address, true); });
}

// Reads pageable memory before the return, and pinned memory when the copy runs. The driver does the same.
STUB_EXPORT int cuMemcpyHtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void* handle) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (!reachable(context, to, bytes)) return kInvalidValue;
    if (is_pinned(from, bytes)) return submit(*stream, copy(to, from, bytes, from));
    if (stream->capture != nullptr) return submit(*stream, copy(to, from, bytes, 0));
    const char* host = reinterpret_cast<const char*>(from);
    auto taken = std::make_shared<std::vector<char>>(host, host + bytes);
    return submit(*stream, [=] { return copy(to, reinterpret_cast<uintptr_t>(taken->data()), bytes, 0)(); });
  });
}

// A copy to pageable memory is complete at the return, as with the driver.
STUB_EXPORT int cuMemcpyDtoHAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void* handle) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (!reachable(context, from, bytes)) return kInvalidValue;
    bool pinned = is_pinned(to, bytes);
    Result submitted = submit(*stream, copy(to, from, bytes, pinned ? to : 0));
    return submitted != kSuccess || pinned || stream->capture != nullptr ? submitted : run_queue(*stream);
  });
}

STUB_EXPORT int cuMemcpyDtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void* handle) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (!reachable(context, to, bytes) || !reachable(context, from, bytes)) return kInvalidValue;
    return submit(*stream, copy(to, from, bytes, 0));
  });
}

STUB_EXPORT int cuMemsetD8Async(uintptr_t to, unsigned char value, size_t bytes, void* handle) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (!reachable(context, to, bytes)) return kInvalidValue;
    return submit(*stream, [=] {
      if (allocation_of(to, bytes) == nullptr) return kIllegalAddress;
      memset(reinterpret_cast<void*>(to), value, bytes);
      return kSuccess;
    });
  });
}

// Succeeds for every address. An address that no allocation contains has zeros for all attributes.
STUB_EXPORT int cuPointerGetAttributes(unsigned count, const int* attributes, void** values, uintptr_t address) {
  return in_context([&](Context&) {
    const Allocation* allocation = allocation_of(address, 1);
    uintptr_t start = allocation == nullptr ? 0 : std::prev(state().allocations.upper_bound(address))->first;
    bool reserved = number("CUDA_STUB_RESERVED", 0) != 0;
    for (unsigned i = 0; i < count; i++) {
      if (attributes[i] == 1)  // context
        *static_cast<Context**>(values[i]) =
            allocation == nullptr || reserved ? nullptr : state().contexts[allocation->device].get();
      else if (attributes[i] == 2)  // memory type
        *static_cast<unsigned*>(values[i]) = allocation == nullptr ? 0 : is_of_device(allocation->kind) ? 2 : 1;
      else if (attributes[i] == 8)  // is managed
        *static_cast<unsigned char*>(values[i]) = allocation != nullptr && allocation->kind == Kind::kManaged;
      else if (attributes[i] == 9)  // device ordinal
        *static_cast<int*>(values[i]) = allocation == nullptr ? 0 : allocation->device;
      else if (attributes[i] == 11)  // range start
        *static_cast<uintptr_t*>(values[i]) = start;
      else if (attributes[i] == 12)  // range size
        *static_cast<size_t*>(values[i]) = allocation == nullptr ? 0 : reserved ? size_t(1) << 40 : allocation->bytes;
      else
        return kInvalidValue;
    }
    return kSuccess;
  });
}
