// Capture of a stream into a graph, and the launch of the graph.
#include "stub.h"

namespace cuda_stub {

size_t destroy_executables(Context& context) {
  std::set<Executable*> leaked;
  for (Executable* executable : state().executables)
    if (executable->context == &context) leaked.insert(executable);
  for (Executable* executable : leaked) {
    state().executables.erase(executable);
    delete executable;
  }
  return leaked.size();
}

}  // namespace cuda_stub

using namespace cuda_stub;

STUB_EXPORT int cuStreamBeginCapture_v2(void* handle, int mode) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (stream == &context.legacy) return kCaptureUnsupported;
    if (stream->capture != nullptr) return kIllegalState;
    stream->capture.reset(new Capture{mode, this_thread()});
    state().captures.insert(stream->capture.get());
    return kSuccess;
  });
}

STUB_EXPORT int cuStreamEndCapture(void* handle, std::shared_ptr<Graph>** graph) {
  return in_context([&](Context& context) {
    *graph = nullptr;
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    std::shared_ptr<Capture> capture = stream->capture;
    if (capture == nullptr) return kIllegalState;
    if (capture->mode != 2 && capture->thread != this_thread()) return kCaptureWrongThread;
    stream->capture = nullptr;
    state().captures.erase(capture.get());
    if (capture->invalid) return kCaptureInvalidated;
    *graph = new std::shared_ptr<Graph>(capture->graph);
    state().graphs.insert(*graph);
    return kSuccess;
  });
}

// The status is 0 for no capture, 1 for a capture and 2 for one that is invalid.
STUB_EXPORT int cuStreamIsCapturing(void* handle, int* status) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    *status = stream->capture == nullptr ? 0 : stream->capture->invalid ? 2 : 1;
    return kSuccess;
  });
}

STUB_EXPORT int cuGraphDestroy(std::shared_ptr<Graph>* graph) {
  return in_context([&](Context&) {
    if (state().graphs.erase(graph) == 0) return kInvalidHandle;
    delete graph;
    return kSuccess;
  });
}

STUB_EXPORT int cuGraphInstantiateWithFlags(Executable** executable, std::shared_ptr<Graph>* graph,
                                            unsigned long long) {
  return in_context_uncaptured([&](Context& context) {
    if (state().graphs.count(graph) == 0) return kInvalidHandle;
    *executable = new Executable{&context, *graph};
    state().executables.insert(*executable);
    return kSuccess;
  });
}

STUB_EXPORT int cuGraphExecDestroy(Executable* executable) {
  return in_context([&](Context&) {
    if (state().executables.erase(executable) == 0) return kInvalidHandle;
    delete executable;
    return kSuccess;
  });
}

STUB_EXPORT int cuGraphLaunch(Executable* executable, void* handle) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (state().executables.count(executable) == 0) return kInvalidHandle;
    std::shared_ptr<Graph> graph = executable->graph;
    return submit(*stream, [graph] {
      for (const Work& node : graph->nodes) {
        Result result = node();
        if (result != kSuccess) return result;
      }
      return kSuccess;
    });
  });
}
