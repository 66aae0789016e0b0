// A stand-in for NVIDIA's driver library, so that everything above it runs where there is no GPU: the functions that the CUDA
// engine calls through JCuda, no others. It is no GPU and says so in its device name. Kernels are shared objects that g++ made
// of the same sources on the CUDA-on-the-host runtime (native/cuda-host).
//
// What it is strict about: work that is asynchronous on a device is put off until something waits for it, so that a wait that
// is missing shows; memory starts as NaN and has guarded edges; an address that a kernel is given must be memory that the device
// can reach, when it is launched and when it runs. Pinned memory is reached at the address that the driver was asked for, which is
// another one here than the host's.
//
// JCuda's library names some 300 functions of the driver. The JVM's loader binds them when they are first called, so that only
// those that are called need to exist; LD_BIND_NOW would want all of them.
//
// Environment, read whenever it matters:
//   CUDA_STUB_DEVICES      number of devices; none unless given, because a process that has loaded this library under the driver's
//                          name finds it wherever it looks for the driver
//   CUDA_STUB_CAPABILITY   their compute capability, 9.0 unless given
//   CUDA_STUB_MEMORY       bytes of each, 1 GiB unless given
//   CUDA_STUB_CLUSTER      blocks of the largest cluster that they can place, 16 or 8 by capability unless given
//   CUDA_STUB_CLUSTER_ERROR  code with which they refuse to tell; none unless given
//   CUDA_STUB_BUSY         1: another process has them for itself
//   CUDA_STUB_ORDER        thread order of the host runtime, 0 unless given
//   CUDA_STUB_EAGER        1, read by cuInit: work is done when it is submitted, so that a queue that nobody waits for stays short
//
// Beside shared objects it loads images without code, which the stub of NVRTC in nvrtc/ makes; their kernels do nothing.
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

// Numbers and names are those of cuda.h.
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
  uint64_t number;  // counts over all streams
  Work work;
};

// What is recorded instead of done while a stream is captured; replayed in the order of the recording.
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
  bool waits_for_legacy;  // all but those made non-blocking
  std::deque<Operation> queue;
  std::shared_ptr<Capture> capture;
};

// One recording of an event; the event keeps the latest.
struct Recording {
  Stream* stream;
  uint64_t number = 0;
  bool done = false;
  double milliseconds = 0;  // when it was done
};

struct Event {
  Context* context;
  bool timing;
  bool captured = false;
  std::shared_ptr<Recording> recording = nullptr;
};

// The primary context of a device. Its handle stays the same when it is made anew.
struct Context {
  explicit Context(int device) : device(device) {}
  const int device;
  unsigned references = 0;
  Result failure = kSuccess;  // sticks until the last reference is released
  Stream legacy{this, true, {}, nullptr};
  std::map<const void*, std::unique_ptr<Stream>> per_thread;
  std::map<Stream*, std::unique_ptr<Stream>> streams;
};

struct Executable {
  Context* context;
  std::shared_ptr<Graph> graph;
};

// `mapped` is pinned memory as a device sees it.
enum class Kind { kDevice, kManaged, kPinned, kMapped };

struct Allocation {
  Kind kind;
  int device;
  size_t bytes;
  uintptr_t device_address = 0;  // of pinned memory that can be mapped: where the device will see it
};

struct Module {
  Context* context;
  void* library;     // none for an image without code
  unsigned cluster;  // of an image without code
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
};

State& state();

long number(const char* variable, long otherwise);
int devices();
int capability();  // 90 is 9.0
int shared_opt_in();

// Which thread calls: the address of something that every thread has its own of.
const void* this_thread();

// The calling thread's context, or null.
Context* current();

// Locks, and does the work if there is a context to do it in and no earlier failure.
Result in_context(const std::function<Result(Context&)>& work);

// The same, for what may wait for the device in ways that a capture cannot have: fails while one that forbids it goes on.
Result in_context_uncaptured(const std::function<Result(Context&)>& work);

Result stream_of(Context& context, void* handle, Stream** stream);

// Queues work, or records it where the stream is captured.
Result submit(Stream& stream, Work work);

// Does what was queued, up to and with the operation of that number.
Result run_queue(Stream& stream, uint64_t last = UINT64_MAX);
Result run_all_queues(Context& context);

// Memory in two places at once, for the host and for the device; null if there is none.
void* map_twice(size_t bytes, void** device_address);
void unmap_twice(void* memory, void* device_address, size_t bytes);

// The allocation that holds all these bytes, or null.
const Allocation* allocation_of(uintptr_t address, size_t bytes);
bool reachable(const Context& context, uintptr_t address, size_t bytes);
bool is_mapped(uintptr_t address);

// What goes with a context; each returns how much of it was left.
size_t free_all(int device);
size_t destroy_events(Context& context);
size_t unload_modules(Context& context);
size_t destroy_executables(Context& context);

// Tells on stderr what a code cannot.
void report(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace cuda_stub
