// Modules, which are shared objects here, and launches of their kernels.
#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "stub.h"

namespace stub {

/// Bytes of a shared object for this machine, by its own tables; 0 if it is none.
static size_t objectBytes(const void* image) {
    Elf64_Ehdr header;
    memcpy(&header, image, SELFMAG);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return 0;
    memcpy(&header, image, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 || header.e_type != ET_DYN) return 0;
    return header.e_shoff + size_t(header.e_shnum) * header.e_shentsize;  // the sections' table comes last
}

/// Each under a name of its own, which is what the loader knows them by.
static void* openObject(const void* image, size_t bytes) {
    const char* folder = getenv("TMPDIR");
    std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/cuda-stub-module-XXXXXX";
    int file = mkstemp(&path[0]);
    if (file < 0) return nullptr;
    const char* next = static_cast<const char*>(image);
    size_t left = bytes;
    while (left > 0) {
        ssize_t written = write(file, next, left);
        if (written <= 0) break;
        next += written;
        left -= static_cast<size_t>(written);
    }
    close(file);
    void* library = left == 0 ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (library == nullptr) report("module cannot be loaded: %s", left == 0 ? dlerror() : "its file cannot be written");
    unlink(path.c_str());
    return library;
}

static unsigned constant(void* library, const std::string& name, unsigned otherwise) {
    const void* found = dlsym(library, name.c_str());
    return found == nullptr ? otherwise : *static_cast<const unsigned*>(found);
}

/// What a kernel is given, and which of its parameters were addresses of the device's when it was launched.
struct Parameters {
    std::vector<unsigned char> bytes;
    std::vector<bool> addresses = {};

    uint64_t word(size_t number) const {
        uint64_t word;
        memcpy(&word, &bytes[8 * number], 8);
        return word;
    }
};

static Parameters parametersOf(const Context& context, const void* from, size_t bytes) {
    Parameters parameters{{static_cast<const unsigned char*>(from), static_cast<const unsigned char*>(from) + bytes}};
    for (size_t n = 0; n < bytes / 8; n++) parameters.addresses.push_back(reachable(context, parameters.word(n), 1));
    return parameters;
}

/// A parameter that looks like an address must be one that the device can reach: a kernel would take any here, but not there.
/// Numbers are not taken for addresses: nothing is mapped where they point.
static Result checkAddresses(const Context& context, const Function& function, const Parameters& parameters) {
    for (size_t n = 0; n < parameters.addresses.size(); n++) {
        uint64_t word = parameters.word(n);
        if (reachable(context, word, 1)) continue;
        if (!parameters.addresses[n] && (word < uint64_t(1) << 44 || word >= uint64_t(1) << 47 || !mapped(word))) continue;
        report("kernel %s: its parameter at byte %zu is an address that device %d cannot reach%s", function.name.c_str(), 8 * n,
               context.device, parameters.addresses[n] ? " any more" : "");
        return ILLEGAL_ADDRESS;
    }
    return SUCCESS;
}

static Function* functionOf(void* handle) {
    auto found = state().functions.find(handle);
    return found == state().functions.end() ? nullptr : found->second.get();
}

static Result launch(void* handle, const Parameters& parameters, unsigned grid, unsigned block, unsigned shared) {
    if (functionOf(handle) == nullptr) return INVALID_HANDLE;  // a graph outlived the module
    const Function& function = *functionOf(handle);
    if (function.launch == nullptr) return SUCCESS;  // no code
    Result addresses = checkAddresses(*function.module->context, function, parameters);
    if (addresses != SUCCESS) return addresses;
    char message[512] = "";
    int order = static_cast<int>(number("CUDA_STUB_ORDER", 0));
    if (function.launch(parameters.bytes.data(), grid, block, function.cluster, shared, order, 1, message, sizeof message) == 0)
        return SUCCESS;
    report("kernel %s: %s", function.name.c_str(), message);
    return LAUNCH_FAILED;
}

/// What the device can place, with what the kernel has leave for.
static unsigned largestCluster(const Function& function) {
    long device = capability() < 90 ? 1 : number("CUDA_STUB_CLUSTER", capability() < 110 ? 16 : 8);
    return static_cast<unsigned>(function.nonPortableCluster || device < 8 ? device : 8);
}

static void unload(Module* module) {
    for (auto function = state().functions.begin(); function != state().functions.end();)
        function = function->second->module == module ? state().functions.erase(function) : std::next(function);
    state().modules.erase(module);
    if (module->library != nullptr) dlclose(module->library);
    delete module;
}

size_t unloadModules(Context& context) {
    std::set<Module*> lost;
    for (Module* module : state().modules)
        if (module->context == &context) lost.insert(module);
    for (Module* module : lost) unload(module);
    return lost.size();
}

}  // namespace stub

using namespace stub;

STUB_EXPORT int cuModuleLoadData(Module** module, const void* image) {
    return withinUncaptured([&](Context& context) {
        unsigned cluster = 0;
        size_t bytes = objectBytes(image);
        void* library = bytes == 0 ? nullptr : openObject(image, bytes);
        if (library == nullptr && sscanf(static_cast<const char*>(image), "stub image without code, cluster %u", &cluster) != 1)
            return NO_BINARY_FOR_GPU;
        *module = new Module{&context, library, cluster};
        state().modules.insert(*module);
        return SUCCESS;
    });
}

STUB_EXPORT int cuModuleUnload(Module* module) {
    return withinUncaptured([&](Context& context) {
        if (state().modules.count(module) == 0) return INVALID_HANDLE;
        Result result = carryOutAll(context);
        unload(module);
        return result;
    });
}

STUB_EXPORT int cuModuleGetFunction(Function** function, Module* module, const char* name) {
    return within([&](Context& context) {
        if (state().modules.count(module) == 0 || module->context != &context) return INVALID_HANDLE;
        std::string prefix = name;
        if (module->library == nullptr) {
            std::unique_ptr<Function> made(new Function{module, prefix, nullptr, 0, module->cluster});
            *function = made.get();
            state().functions[*function] = std::move(made);
            return SUCCESS;
        }
        void* entry = dlsym(module->library, (prefix + "_launch").c_str());
        if (entry == nullptr) return NOT_FOUND;
        std::unique_ptr<Function> made(new Function{module, prefix, reinterpret_cast<decltype(Function::launch)>(entry),
                                                    constant(module->library, prefix + "_parameter_bytes", 0),
                                                    constant(module->library, prefix + "_cluster", 1)});
        *function = made.get();
        state().functions[*function] = std::move(made);
        return SUCCESS;
    });
}

STUB_EXPORT int cuFuncSetAttribute(void* handle, int attribute, int value) {
    return within([&](Context&) {
        Function* function = functionOf(handle);
        if (function == nullptr) return INVALID_HANDLE;
        if (attribute == 8 && value >= 0 && value <= sharedOptIn()) return function->dynamicSharedBytes = value, SUCCESS;
        if (attribute == 14 && capability() >= 90) return function->nonPortableCluster = value != 0, SUCCESS;
        return INVALID_VALUE;
    });
}

/// It has no registers to count.
STUB_EXPORT int cuFuncGetAttribute(int* value, int, void* handle) {
    return within([&](Context&) { return functionOf(handle) == nullptr ? INVALID_HANDLE : (*value = 0, SUCCESS); });
}

STUB_EXPORT int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads, size_t shared) {
    return within([&](Context&) {
        if (functionOf(handle) == nullptr) return INVALID_HANDLE;
        int reserved = 1024;
        int byShared = (sharedOptIn() + reserved) / (static_cast<int>(shared) + reserved);
        return *blocks = std::min(2048 / threads, byShared), SUCCESS;
    });
}

STUB_EXPORT int cuLaunchKernel(void* handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                               unsigned blockZ, unsigned shared, void* streamHandle, void** arguments, void** extra) {
    return within([&](Context& context) {
        const Function* function = functionOf(handle);
        Stream* stream;
        Result found = streamOf(context, streamHandle, &stream);
        if (found != SUCCESS) return found;
        if (function == nullptr || function->module->context != &context) return INVALID_HANDLE;
        if (gridY * gridZ * blockY * blockZ != 1 || extra != nullptr) return NOT_SUPPORTED;
        if (gridX == 0 || blockX == 0 || blockX > 1024) return INVALID_VALUE;
        if (shared > static_cast<unsigned>(function->dynamicSharedBytes)) return INVALID_VALUE;
        if (function->cluster > largestCluster(*function) || gridX % function->cluster != 0) return INVALID_CLUSTER_SIZE;
        // The caller may change them as soon as this returns.
        Parameters parameters = parametersOf(context, arguments[0], function->parameterBytes);
        return submit(*stream, [=] { return launch(handle, parameters, gridX, blockX, shared); });
    });
}

/// CUlaunchConfig and CUlaunchAttribute of cuda.h.
struct LaunchAttribute {
    int id;
    alignas(8) unsigned value[16];
};
struct LaunchConfiguration {
    unsigned grid[3], block[3], sharedBytes;
    void* stream;
    const LaunchAttribute* attributes;
    unsigned attributeCount;
};
static_assert(sizeof(LaunchAttribute) == 72 && sizeof(LaunchConfiguration) == 56, "as in cuda.h");

STUB_EXPORT int cuOccupancyMaxActiveClusters(int* clusters, void* handle, const LaunchConfiguration* asked) {
    return within([&](Context&) {
        const Function* function = functionOf(handle);
        if (function == nullptr) return INVALID_HANDLE;
        if (asked->attributeCount != 1 || asked->attributes[0].id != 4) return NOT_SUPPORTED;
        unsigned size = asked->attributes[0].value[0];
        unsigned threads = asked->block[0] * asked->block[1] * asked->block[2];
        if (size == 0 || asked->grid[0] % size != 0 || threads == 0 || threads > 1024 || asked->sharedBytes > static_cast<unsigned>(function->dynamicSharedBytes))
            return INVALID_VALUE;
        if (size > (function->nonPortableCluster ? 16 : 8)) return INVALID_CLUSTER_SIZE;
        if (long error = number("CUDA_STUB_CLUSTER_ERROR", 0)) return static_cast<Result>(error);
        return *clusters = size <= largestCluster(*function) ? 1 : 0, SUCCESS;
    });
}
