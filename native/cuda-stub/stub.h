// A stand-in for NVIDIA's driver library for tests on machines without a GPU. It has only the driver functions that the
// CUDA engine calls through JCuda. A module is a shared object: g++ compiles the CUDA sources with CUDA on the host
// (native/cuda-host). The device name is "stub (no GPU)".
//
// The stand-in is stricter than a driver, so that mistakes show:
//   - Asynchronous work runs only when a call waits for it. A missing wait then gives a wrong result.
//   - New memory is NaN-filled. Guard bytes on both sides of an allocation detect writes outside of it.
//   - Every address among a kernel's parameters must be accessible from the device, at the launch and at the run.
//   - Mapped pinned memory has different addresses on the host and on the device.
//
// JCuda's library refers to about 300 driver functions. The dynamic loader binds a function at its first call, so that
// the others may be missing here. With LD_BIND_NOW set, loading JCuda's library fails.
//
// Environment variables, which are read at each use:
//   CUDA_STUB_DEVICES        number of devices, default 0. Once loaded, this library replaces the real driver in the
//                            whole process; with the default, tests that do not need it find no GPU.
//   CUDA_STUB_CAPABILITY     compute capability of the devices, default 9.0
//   CUDA_STUB_MEMORY         bytes of memory of each device, default 1 GiB
//   CUDA_STUB_CLUSTER        blocks of the largest possible cluster, default 16 below compute capability 11.0, else 8
//   CUDA_STUB_CLUSTER_ERROR  error code of cuOccupancyMaxActiveClusters, default none
//   CUDA_STUB_RESERVED       1: device memory has the attributes of memory that is mapped into a large reserved range
//   CUDA_STUB_BUSY           1: cuDevicePrimaryCtxRetain fails as if another process used the devices exclusively
//   CUDA_STUB_ORDER          thread order of CUDA on the host, default 0
//   CUDA_STUB_EAGER          1: work runs when it is submitted, so that queues stay short; read by cuInit only
//
// The library also loads images without code, which the stand-in for NVRTC (nvrtc/) produces. Their kernels do nothing.
// The stand-in for cuBLAS (cublas/) submits its products to the streams of this library.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define STUB_EXPORT extern "C" __attribute__((visibility("default")))

namespace cuda_stub {

// Error codes. The numbers are those of cuda.h, and the names are its names without CUDA_ERROR_.
enum Result {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kDeviceUnavailable = 46,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidContext = 201,
  kNoBinaryForGpu = 209,
  kInvalidHandle = 400,
  kIllegalState = 401,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kContextIsDestroyed = 709,
  kLaunchFailed = 719,
  kNotSupported = 801,
  kCaptureUnsupported = 900,
  kCaptureInvalidated = 901,
  kCaptureImplicit = 906,
  kCapturedEvent = 907,
  kCaptureWrongThread = 908,
  kInvalidClusterSize = 912
};

using Work = std::function<Result()>;

struct Operation {
  uint64_t number;  // position in the order of submission over all streams, counted from 1
  Work work;
};

// The work that was submitted to a stream during its capture, in this order.
struct Graph {
  std::vector<Work> nodes;
};

struct Capture {
  int mode;  // 0 global, 1 thread-local, 2 relaxed
  const void* thread;
  bool invalid = false;
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
};

struct Context;

struct Stream {
  Context* context;
  bool waits_for_legacy;  // false for a non-blocking stream
  std::deque<Operation> queue;
  std::shared_ptr<Capture> capture;
};

// One recording of an event. An event keeps its latest recording.
struct Recording {
  Stream* stream;
  uint64_t number = 0;
  bool done = false;
  double milliseconds = 0;  // time at which the recording was reached
};

struct Event {
  Context* context;
  bool timing;
  bool captured = false;
  std::shared_ptr<Recording> recording = nullptr;
};

// The primary context of a device. Its handle stays valid: a context that is retained again has the same handle.
struct Context {
  explicit Context(int device) : device(device) {}
  const int device;
  unsigned references = 0;
  Result failure = kSuccess;  // the first error of asynchronous work; cleared when the last reference is released
  Stream legacy{this, true, {}, nullptr};
  std::map<const void*, std::unique_ptr<Stream>> per_thread;
  std::map<Stream*, std::unique_ptr<Stream>> streams;
};

// An instantiated graph.
struct Executable {
  Context* context;
  std::shared_ptr<Graph> graph;
};

// kMapped is the device's address range of mapped pinned memory.
enum class Kind { kDevice, kManaged, kPinned, kMapped };

struct Allocation {
  Kind kind;
  int device;
  size_t bytes;
  uintptr_t device_address = 0;  // device address of mappable pinned memory, else 0
};

struct Module {
  Context* context;
  void* library;     // null for an image without code
  unsigned cluster;  // cluster size of an image without code
};

struct Function {
  Module* module;
  std::string name;
  int (*launch)(const void*, unsigned, unsigned, unsigned, unsigned, int, uint64_t, char*, unsigned);
  unsigned parameter_bytes, cluster;
  int dynamic_shared_bytes = 48 << 10;
  bool non_portable_cluster = false;
};

struct State {
  std::recursive_mutex lock;
  bool initialised = false;
  bool eager = false;
  std::map<int, std::unique_ptr<Context>> contexts;
  std::map<uintptr_t, Allocation> allocations;
  std::set<Event*> events;
  std::set<Module*> modules;
  std::set<std::shared_ptr<Graph>*> graphs;
  std::set<Executable*> executables;
  std::map<void*, std::unique_ptr<Function>> functions;
  std::set<Capture*> captures;
  uint64_t operations = 0;
  uint64_t calls = 0;  // calls in a context, and changes of the current context
  long held = 0;       // handles of the stand-in for cuBLAS
};

State& state();

// The integer value of an environment variable.
long number(const char* variable, long otherwise);
int devices();

// Ten times the major version plus the minor version of the compute capability.
int capability();

// The largest dynamic shared memory of a block, in bytes.
int shared_opt_in();

// An address that identifies the calling thread.
const void* this_thread();

// The calling thread's context, or null.
Context* current();

// Runs a driver function under the lock, in the current context. Returns an error if there is no usable context.
Result in_context(const std::function<Result(Context&)>& work);

// The same for functions that CUDA forbids during a stream capture. Such a call fails and invalidates the capture.
Result in_context_uncaptured(const std::function<Result(Context&)>& work);

// The stream of a handle: 0 and 1 are the legacy stream, 2 is the calling thread's own, others are of cuStreamCreate.
Result stream_of(Context& context, void* handle, Stream** stream);

// Appends work to the stream's queue, or to its graph during a capture.
Result submit(Stream& stream, Work work);

// Runs the queued operations up to and including number `last`. Returns the context's failure.
Result run_queue(Stream& stream, uint64_t last = UINT64_MAX);
Result run_all_queues(Context& context);

// Maps the same memory twice and returns the host's address. Returns null if the system has no memory.
void* map_twice(size_t bytes, void** device_address);
void unmap_twice(void* memory, void* device_address, size_t bytes);

// The allocation that contains all these bytes, or null.
const Allocation* allocation_of(uintptr_t address, size_t bytes);

// Whether the context's device can access these bytes.
bool reachable(const Context& context, uintptr_t address, size_t bytes);

// Whether the process has a page mapped at the address.
bool is_mapped(uintptr_t address);

// Destroy what is left in a context. Each returns the number of destroyed objects.
size_t free_all(int device);
size_t destroy_events(Context& context);
size_t unload_modules(Context& context);
size_t destroy_executables(Context& context);

// Prints a message on stderr, for facts that an error code does not convey.
void report(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace cuda_stub
