// Capture of a stream into a graph, and its replay.
#include "stub.h"

namespace stub {

size_t destroyExecutables(Context& context) {
    std::set<Executable*> lost;
    for (Executable* executable : state().executables)
        if (executable->context == &context) lost.insert(executable);
    for (Executable* executable : lost) {
        state().executables.erase(executable);
        delete executable;
    }
    return lost.size();
}

}  // namespace stub

using namespace stub;

STUB_EXPORT int cuStreamBeginCapture_v2(void* handle, int mode) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (stream == &context.legacy) return CAPTURE_UNSUPPORTED;
        if (stream->capture != nullptr) return ILLEGAL_STATE;
        stream->capture.reset(new Capture{mode, thisThread()});
        state().captures.insert(stream->capture.get());
        return SUCCESS;
    });
}

STUB_EXPORT int cuStreamEndCapture(void* handle, std::shared_ptr<Graph>** graph) {
    return within([&](Context& context) {
        *graph = nullptr;
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        std::shared_ptr<Capture> capture = stream->capture;
        if (capture == nullptr) return ILLEGAL_STATE;
        if (capture->mode != 2 && capture->thread != thisThread()) return CAPTURE_WRONG_THREAD;
        stream->capture = nullptr;
        state().captures.erase(capture.get());
        if (capture->invalid) return CAPTURE_INVALIDATED;
        *graph = new std::shared_ptr<Graph>(capture->graph);
        state().graphs.insert(*graph);
        return SUCCESS;
    });
}

STUB_EXPORT int cuGraphDestroy(std::shared_ptr<Graph>* graph) {
    return within([&](Context&) {
        if (state().graphs.erase(graph) == 0) return INVALID_HANDLE;
        delete graph;
        return SUCCESS;
    });
}

STUB_EXPORT int cuGraphInstantiateWithFlags(Executable** executable, std::shared_ptr<Graph>* graph, unsigned long long) {
    return withinUncaptured([&](Context& context) {
        if (state().graphs.count(graph) == 0) return INVALID_HANDLE;
        *executable = new Executable{&context, *graph};
        state().executables.insert(*executable);
        return SUCCESS;
    });
}

STUB_EXPORT int cuGraphExecDestroy(Executable* executable) {
    return within([&](Context&) {
        if (state().executables.erase(executable) == 0) return INVALID_HANDLE;
        delete executable;
        return SUCCESS;
    });
}

STUB_EXPORT int cuGraphLaunch(Executable* executable, void* handle) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (state().executables.count(executable) == 0) return INVALID_HANDLE;
        std::shared_ptr<Graph> graph = executable->graph;
        return submit(*stream, [graph] {
            for (const Work& node : graph->nodes) {
                Result result = node();
                if (result != SUCCESS) return result;
            }
            return SUCCESS;
        });
    });
}
