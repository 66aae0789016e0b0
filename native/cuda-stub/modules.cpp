// Modules, which are shared objects here, and kernel launches.
#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "stub.h"

namespace cuda_stub {

// The size of a shared object for this machine, read from its header. Returns 0 for any other image.
static size_t object_bytes(const void* image) {
  Elf64_Ehdr header;
  memcpy(&header, image, SELFMAG);
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return 0;
  memcpy(&header, image, sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 || header.e_type != ET_DYN) return 0;
  return header.e_shoff + size_t(header.e_shnum) * header.e_shentsize;  // the section table is the end of the file
}

// Loads a shared object. Every load needs a new file name: the loader returns the old object for a known name.
static void* open_object(const void* image, size_t bytes) {
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

// A kernel's parameters as 8-byte words. `addresses` marks the words that were device addresses at the launch.
struct Parameters {
  std::vector<unsigned char> bytes;
  std::vector<bool> addresses = {};

  uint64_t word(size_t number) const {
    uint64_t word;
    memcpy(&word, &bytes[8 * number], 8);
    return word;
  }
};

static Parameters parameters_of(const Context& context, const void* from, size_t bytes) {
  Parameters parameters{{static_cast<const unsigned char*>(from), static_cast<const unsigned char*>(from) + bytes}};
  for (size_t n = 0; n < bytes / 8; n++) parameters.addresses.push_back(reachable(context, parameters.word(n), 1));
  return parameters;
}

// Requires that the device can access every parameter that is an address. A kernel on the host could access others too.
// A word counts as an address if it was a device address at the launch, or if the process has memory mapped there.
// Only words from 2^44 to 2^47, the range of mmap on x86-64 Linux, are tested for mapped memory: others are numbers.
static Result check_addresses(const Context& context, const Function& function, const Parameters& parameters) {
  for (size_t n = 0; n < parameters.addresses.size(); n++) {
    uint64_t word = parameters.word(n);
    if (reachable(context, word, 1)) continue;
    if (!parameters.addresses[n] && (word < uint64_t(1) << 44 || word >= uint64_t(1) << 47 || !is_mapped(word)))
      continue;
    report("kernel %s: its parameter at byte %zu is an address that device %d cannot access%s", function.name.c_str(),
           8 * n, context.device, parameters.addresses[n] ? " any more" : "");
    return kIllegalAddress;
  }
  return kSuccess;
}

static Function* function_of(void* handle) {
  auto found = state().functions.find(handle);
  return found == state().functions.end() ? nullptr : found->second.get();
}

static Result launch(void* handle, const Parameters& parameters, unsigned grid, unsigned block, unsigned shared) {
  if (function_of(handle) == nullptr) return kInvalidHandle;  // the module of a graph's kernel was unloaded
  const Function& function = *function_of(handle);
  if (function.launch == nullptr) return kSuccess;  // the image has no code
  Result addresses = check_addresses(*function.module->context, function, parameters);
  if (addresses != kSuccess) return addresses;
  char message[512] = "";
  int order = static_cast<int>(number("CUDA_STUB_ORDER", 0));
  if (function.launch(parameters.bytes.data(), grid, block, function.cluster, shared, order, 1, message,
                      sizeof message) == 0)
    return kSuccess;
  report("kernel %s: %s", function.name.c_str(), message);
  return kLaunchFailed;
}

// The largest cluster that the device can place. More than 8 blocks need the kernel's non-portable attribute.
static unsigned largest_cluster(const Function& function) {
  long device = capability() < 90 ? 1 : number("CUDA_STUB_CLUSTER", capability() < 110 ? 16 : 8);
  return static_cast<unsigned>(function.non_portable_cluster || device < 8 ? device : 8);
}

static void unload(Module* module) {
  for (auto function = state().functions.begin(); function != state().functions.end();)
    function = function->second->module == module ? state().functions.erase(function) : std::next(function);
  state().modules.erase(module);
  if (module->library != nullptr) dlclose(module->library);
  delete module;
}

size_t unload_modules(Context& context) {
  std::set<Module*> leaked;
  for (Module* module : state().modules)
    if (module->context == &context) leaked.insert(module);
  for (Module* module : leaked) unload(module);
  return leaked.size();
}

}  // namespace cuda_stub

using namespace cuda_stub;

STUB_EXPORT int cuModuleLoadData(Module** module, const void* image) {
  return in_context_uncaptured([&](Context& context) {
    unsigned cluster = 0;
    size_t bytes = object_bytes(image);
    void* library = bytes == 0 ? nullptr : open_object(image, bytes);
    if (library == nullptr &&
        sscanf(static_cast<const char*>(image), "stub image without code, cluster %u", &cluster) != 1)
      return kNoBinaryForGpu;
    *module = new Module{&context, library, cluster};
    state().modules.insert(*module);
    return kSuccess;
  });
}

STUB_EXPORT int cuModuleUnload(Module* module) {
  return in_context_uncaptured([&](Context& context) {
    if (state().modules.count(module) == 0) return kInvalidHandle;
    Result result = run_all_queues(context);
    unload(module);
    return result;
  });
}

STUB_EXPORT int cuModuleGetFunction(Function** function, Module* module, const char* name) {
  return in_context([&](Context& context) {
    if (state().modules.count(module) == 0 || module->context != &context) return kInvalidHandle;
    std::string prefix = name;
    if (module->library == nullptr) {
      std::unique_ptr<Function> made(new Function{module, prefix, nullptr, 0, module->cluster});
      *function = made.get();
      state().functions[*function] = std::move(made);
      return kSuccess;
    }
    void* entry = dlsym(module->library, (prefix + "_launch").c_str());
    if (entry == nullptr) return kNotFound;
    std::unique_ptr<Function> made(new Function{module, prefix, reinterpret_cast<decltype(Function::launch)>(entry),
                                                constant(module->library, prefix + "_parameter_bytes", 0),
                                                constant(module->library, prefix + "_cluster", 1)});
    *function = made.get();
    state().functions[*function] = std::move(made);
    return kSuccess;
  });
}

STUB_EXPORT int cuFuncSetAttribute(void* handle, int attribute, int value) {
  return in_context([&](Context&) {
    Function* function = function_of(handle);
    if (function == nullptr) return kInvalidHandle;
    // Attribute 8 is the largest dynamic shared memory, attribute 14 allows clusters of more than 8 blocks.
    if (attribute == 8 && value >= 0 && value <= shared_opt_in()) {
      function->dynamic_shared_bytes = value;
      return kSuccess;
    }
    if (attribute == 14 && capability() >= 90) {
      function->non_portable_cluster = value != 0;
      return kSuccess;
    }
    return kInvalidValue;
  });
}

// Every attribute is 0: a host function has no registers to report.
STUB_EXPORT int cuFuncGetAttribute(int* value, int, void* handle) {
  return in_context([&](Context&) {
    if (function_of(handle) == nullptr) return kInvalidHandle;
    *value = 0;
    return kSuccess;
  });
}

STUB_EXPORT int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads, size_t shared) {
  return in_context([&](Context&) {
    if (function_of(handle) == nullptr) return kInvalidHandle;
    int reserved = 1024;  // bytes of shared memory that a device reserves for each block
    int by_shared = (shared_opt_in() + reserved) / (static_cast<int>(shared) + reserved);
    *blocks = std::min(2048 / threads, by_shared);
    return kSuccess;
  });
}

STUB_EXPORT int cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                               unsigned block_y, unsigned block_z, unsigned shared, void* stream_handle,
                               void** arguments, void** extra) {
  return in_context([&](Context& context) {
    const Function* function = function_of(handle);
    Stream* stream;
    Result found = stream_of(context, stream_handle, &stream);
    if (found != kSuccess) return found;
    if (function == nullptr || function->module->context != &context) return kInvalidHandle;
    if (grid_y * grid_z * block_y * block_z != 1 || extra != nullptr) return kNotSupported;
    if (grid_x == 0 || block_x == 0 || block_x > 1024) return kInvalidValue;
    if (shared > static_cast<unsigned>(function->dynamic_shared_bytes)) return kInvalidValue;
    if (function->cluster > largest_cluster(*function) || grid_x % function->cluster != 0) return kInvalidClusterSize;
    // The caller may change the parameters after the return.
    Parameters parameters = parameters_of(context, arguments[0], function->parameter_bytes);
    return submit(*stream, [=] { return launch(handle, parameters, grid_x, block_x, shared); });
  });
}

// CUlaunchAttribute and CUlaunchConfig of cuda.h.
struct LaunchAttribute {
  int id;
  alignas(8) unsigned value[16];
};
struct LaunchConfiguration {
  unsigned grid[3], block[3], shared_bytes;
  void* stream;
  const LaunchAttribute* attributes;
  unsigned attribute_count;
};
static_assert(sizeof(LaunchAttribute) == 72 && sizeof(LaunchConfiguration) == 56, "as in cuda.h");

STUB_EXPORT int cuOccupancyMaxActiveClusters(int* clusters, void* handle, const LaunchConfiguration* configuration) {
  return in_context([&](Context&) {
    const Function* function = function_of(handle);
    if (function == nullptr) return kInvalidHandle;
    bool has_cluster_size = configuration->attribute_count == 1 && configuration->attributes[0].id == 4;
    if (!has_cluster_size) return kNotSupported;
    unsigned size = configuration->attributes[0].value[0];
    unsigned threads = configuration->block[0] * configuration->block[1] * configuration->block[2];
    if (size == 0 || configuration->grid[0] % size != 0 || threads == 0 || threads > 1024 ||
        configuration->shared_bytes > static_cast<unsigned>(function->dynamic_shared_bytes))
      return kInvalidValue;
    if (size > (function->non_portable_cluster ? 16 : 8)) return kInvalidClusterSize;
    if (long error = number("CUDA_STUB_CLUSTER_ERROR", 0)) return static_cast<Result>(error);
    *clusters = size <= largest_cluster(*function) ? 1 : 0;
    return kSuccess;
  });
}
