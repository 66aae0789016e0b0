// Devices, their primary contexts, and the names of errors.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stub.h"

namespace cuda_stub {

State& state() {
  static State* instance = new State;  // never deleted: other threads may call the library after main returns
  return *instance;
}

static thread_local std::vector<Context*> context_stack;

const void* this_thread() { return &context_stack; }

Context* current() { return context_stack.empty() ? nullptr : context_stack.back(); }

long number(const char* variable, long otherwise) {
  const char* text = getenv(variable);
  return text == nullptr || *text == 0 ? otherwise : atol(text);
}

int devices() { return static_cast<int>(number("CUDA_STUB_DEVICES", 0)); }

int capability() {
  const char* text = getenv("CUDA_STUB_CAPABILITY");
  int major = 9, minor = 0;
  if (text != nullptr) sscanf(text, "%d.%d", &major, &minor);
  return 10 * major + minor;
}

int shared_opt_in() {
  switch (capability() / 10) {
    case 7: return 64 << 10;
    case 8: return capability() == 80 ? 163 << 10 : 99 << 10;
    case 9:
    case 10: return 227 << 10;
    default: return 99 << 10;
  }
}

void report(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("libcuda stub: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

Result in_context(const std::function<Result(Context&)>& work) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  state().calls++;
  if (!state().initialised) return kNotInitialized;
  Context* context = current();
  if (context == nullptr) return kInvalidContext;
  if (context->references == 0) return kContextIsDestroyed;
  if (context->failure != kSuccess) return context->failure;
  return work(*context);
}

static Result on_device(int device, const std::function<Result()>& work) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  if (!state().initialised) return kNotInitialized;
  return device < 0 || device >= devices() ? kInvalidDevice : work();
}

// Destroys everything in a context after its last release, and reports what was left.
static void destroy_context(Context& context) {
  run_all_queues(context);
  size_t leaked = free_all(context.device) + context.streams.size() + destroy_events(context) +
                  destroy_executables(context) + unload_modules(context);
  if (leaked > 0)
    report("device %d: %zu allocations, streams, events, graphs and modules were left behind", context.device, leaked);
  context.streams.clear();
  context.per_thread.clear();
  context.failure = kSuccess;
}

}  // namespace cuda_stub

using namespace cuda_stub;

STUB_EXPORT int cuInit(unsigned) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  if (devices() == 0) return kNoDevice;
  state().initialised = true;
  state().eager = number("CUDA_STUB_EAGER", 0) != 0;
  return kSuccess;
}

STUB_EXPORT int cuDriverGetVersion(int* version) {
  *version = 12090;
  return kSuccess;
}

// The name of the only error that occurs before JCuda is loaded. JCuda itself has the names of all errors.
STUB_EXPORT int cuGetErrorName(int code, const char** name) {
  *name = code == kNoDevice ? "CUDA_ERROR_NO_DEVICE" : nullptr;
  return *name == nullptr ? kInvalidValue : kSuccess;
}

// NVRTC calls this function if it finds a driver in its process. The tables are optional hooks of NVIDIA's tools.
STUB_EXPORT int cuGetExportTable(const void** table, const void*) { return *table = nullptr, kNotFound; }

STUB_EXPORT int cuDeviceGetCount(int* count) {
  return on_device(0, [&] {
    *count = devices();
    return kSuccess;
  });
}

STUB_EXPORT int cuDeviceGet(int* device, int ordinal) {
  return on_device(ordinal, [&] {
    *device = ordinal;
    return kSuccess;
  });
}

STUB_EXPORT int cuDeviceGetName(char* name, int bytes, int device) {
  return on_device(device, [&] {
    snprintf(name, static_cast<size_t>(bytes), "stub (no GPU)");
    return kSuccess;
  });
}

STUB_EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  return on_device(device, [&] {
    *bytes = static_cast<size_t>(number("CUDA_STUB_MEMORY", 1L << 30));
    return kSuccess;
  });
}

STUB_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return on_device(device, [&] {
    switch (attribute) {
      case 16: *value = 4; break;                            // multiprocessors
      case 38: *value = 1 << 20; break;                      // bytes of L2 cache
      case 75: *value = capability() / 10; break;            // major version of the compute capability
      case 76: *value = capability() % 10; break;            // its minor version
      case 81: *value = shared_opt_in() + 1024; break;       // shared memory per multiprocessor
      case 97: *value = shared_opt_in(); break;              // largest shared memory per block, after opting in
      case 120: *value = capability() >= 90 ? 1 : 0; break;  // clusters
      default: return kInvalidValue;
    }
    return kSuccess;
  });
}

STUB_EXPORT int cuDevicePrimaryCtxRetain(Context** context, int device) {
  return on_device(device, [&] {
    if (number("CUDA_STUB_BUSY", 0) != 0) return kDeviceUnavailable;
    std::unique_ptr<Context>& own = state().contexts[device];
    if (own == nullptr) own.reset(new Context(device));
    own->references++;
    *context = own.get();
    return kSuccess;
  });
}

STUB_EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
  return on_device(device, [&] {
    Context* context = state().contexts[device].get();
    if (context == nullptr || context->references == 0) return kInvalidContext;
    if (--context->references == 0) destroy_context(*context);
    return kSuccess;
  });
}

STUB_EXPORT int cuCtxPushCurrent_v2(Context* context) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  state().calls++;
  for (auto& known : state().contexts)
    if (known.second.get() == context) {
      context_stack.push_back(context);
      return kSuccess;
    }
  return kInvalidContext;
}

STUB_EXPORT int cuCtxPopCurrent_v2(Context** context) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  state().calls++;
  if (context_stack.empty()) return kInvalidContext;
  *context = context_stack.back();
  context_stack.pop_back();
  return kSuccess;
}

// The number of driver calls so far, without those that need no context. For tests; the driver has no such function.
STUB_EXPORT uint64_t cuda_stub_calls() {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  return state().calls;
}

// The number of objects and context references that are not released. For tests; the driver has no such function.
STUB_EXPORT size_t cuda_stub_live() {
  State& s = state();
  std::lock_guard<std::recursive_mutex> guard(s.lock);
  size_t live = static_cast<size_t>(s.held) + s.allocations.size() + s.events.size() + s.modules.size() +
                s.graphs.size() + s.executables.size();
  for (auto& context : s.contexts)
    if (context.second != nullptr) live += context.second->references + context.second->streams.size();
  return live;
}
