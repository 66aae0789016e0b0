// Functions for the stand-ins for NVIDIA's other libraries, which find them by name. The driver has no such functions.
#include "stub.h"

using namespace cuda_stub;

// Appends work to a stream. The work returns the driver's error code, and runs as a kernel would.
STUB_EXPORT int cuda_stub_submit(void* handle, const std::function<int()>& work) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    return submit(*stream, [=] { return static_cast<Result>(work()); });
  });
}

// Whether the device of the current context can access these bytes.
STUB_EXPORT bool cuda_stub_reaches(uintptr_t address, size_t bytes) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  return current() != nullptr && reachable(*current(), address, bytes);
}

// The calling thread's context, or null.
STUB_EXPORT const void* cuda_stub_context() { return current(); }

// Counts handles of another library among the objects that are not released.
STUB_EXPORT void cuda_stub_hold(long count) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  state().held += count;
}
