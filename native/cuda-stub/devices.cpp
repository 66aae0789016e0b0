// Devices, their primary contexts, and the names of errors.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stub.h"

namespace stub {

State& state() {
    static State* instance = new State;  // never destroyed: threads may outlive the end of main
    return *instance;
}

static thread_local std::vector<Context*> contextStack;

const void* thisThread() { return &contextStack; }

Context* current() { return contextStack.empty() ? nullptr : contextStack.back(); }

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

int sharedOptIn() {
    switch (capability() / 10) {
        case 7: return 64 << 10;
        case 8: return capability() == 80 ? 163 << 10 : 99 << 10;
        case 9: case 10: return 227 << 10;
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

Result within(const std::function<Result(Context&)>& work) {
    std::lock_guard<std::recursive_mutex> guard(state().lock);
    if (!state().initialised) return NOT_INITIALIZED;
    Context* context = current();
    if (context == nullptr) return INVALID_CONTEXT;
    if (context->references == 0) return CONTEXT_IS_DESTROYED;
    if (context->failure != SUCCESS) return context->failure;
    return work(*context);
}

static Result onDevice(int device, const std::function<Result()>& work) {
    std::lock_guard<std::recursive_mutex> guard(state().lock);
    if (!state().initialised) return NOT_INITIALIZED;
    return device < 0 || device >= devices() ? INVALID_DEVICE : work();
}

/// What is left on a device when its last user goes is lost, and told.
static void destroyContext(Context& context) {
    carryOutAll(context);
    size_t lost = freeAll(context.device) + context.streams.size() + destroyEvents(context) + destroyExecutables(context) +
                  unloadModules(context);
    if (lost > 0) report("device %d: %zu allocations, streams, events, graphs and modules were left behind", context.device, lost);
    context.streams.clear();
    context.perThread.clear();
    context.failure = SUCCESS;
}

}  // namespace stub

using namespace stub;

STUB_EXPORT int cuInit(unsigned) {
    std::lock_guard<std::recursive_mutex> guard(state().lock);
    if (devices() == 0) return NO_DEVICE;
    state().initialised = true;
    state().eager = number("CUDA_STUB_EAGER", 0) != 0;
    return SUCCESS;
}

STUB_EXPORT int cuDriverGetVersion(int* version) {
    *version = 12090;
    return SUCCESS;
}

/// Only the error that the driver can have before JCuda, which knows all names, comes in.
STUB_EXPORT int cuGetErrorName(int code, const char** name) {
    *name = code == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : nullptr;
    return *name == nullptr ? INVALID_VALUE : SUCCESS;
}

/// What NVRTC asks for where it finds a driver in its process: hooks of NVIDIA's own tools, which it can do without.
STUB_EXPORT int cuGetExportTable(const void** table, const void*) { return *table = nullptr, NOT_FOUND; }

STUB_EXPORT int cuDeviceGetCount(int* count) {
    return onDevice(0, [&] { return *count = devices(), SUCCESS; });
}

STUB_EXPORT int cuDeviceGet(int* device, int ordinal) {
    return onDevice(ordinal, [&] { return *device = ordinal, SUCCESS; });
}

STUB_EXPORT int cuDeviceGetName(char* name, int bytes, int device) {
    return onDevice(device, [&] { return snprintf(name, static_cast<size_t>(bytes), "stub (no GPU)"), SUCCESS; });
}

STUB_EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int device) {
    return onDevice(device, [&] { return *bytes = static_cast<size_t>(number("CUDA_STUB_MEMORY", 1L << 30)), SUCCESS; });
}

STUB_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int device) {
    return onDevice(device, [&] {
        switch (attribute) {
            case 16: *value = 4; break;                          // multiprocessors
            case 38: *value = 1 << 20; break;                    // bytes of L2 cache
            case 75: *value = capability() / 10; break;
            case 76: *value = capability() % 10; break;
            case 81: *value = sharedOptIn() + 1024; break;       // shared memory per multiprocessor
            case 97: *value = sharedOptIn(); break;              // shared memory per block that asks for it
            case 120: *value = capability() >= 90 ? 1 : 0; break;  // clusters
            default: return INVALID_VALUE;
        }
        return SUCCESS;
    });
}

STUB_EXPORT int cuDevicePrimaryCtxRetain(Context** context, int device) {
    return onDevice(device, [&] {
        if (number("CUDA_STUB_BUSY", 0) != 0) return DEVICE_UNAVAILABLE;
        std::unique_ptr<Context>& own = state().contexts[device];
        if (own == nullptr) own.reset(new Context(device));
        own->references++;
        return *context = own.get(), SUCCESS;
    });
}

STUB_EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
    return onDevice(device, [&] {
        Context* context = state().contexts[device].get();
        if (context == nullptr || context->references == 0) return INVALID_CONTEXT;
        if (--context->references == 0) destroyContext(*context);
        return SUCCESS;
    });
}

STUB_EXPORT int cuCtxPushCurrent_v2(Context* context) {
    std::lock_guard<std::recursive_mutex> guard(state().lock);
    for (auto& known : state().contexts)
        if (known.second.get() == context) return contextStack.push_back(context), SUCCESS;
    return INVALID_CONTEXT;
}

STUB_EXPORT int cuCtxPopCurrent_v2(Context** context) {
    if (contextStack.empty()) return INVALID_CONTEXT;
    *context = contextStack.back();
    contextStack.pop_back();
    return SUCCESS;
}

/// Everything that was made and not given back, contexts included. Not a function of the driver: for tests.
STUB_EXPORT size_t cuda_stub_live() {
    State& s = state();
    std::lock_guard<std::recursive_mutex> guard(s.lock);
    size_t live = s.allocations.size() + s.events.size() + s.modules.size() + s.graphs.size() + s.executables.size();
    for (auto& context : s.contexts)
        if (context.second != nullptr) live += context.second->references + context.second->streams.size();
    return live;
}
