// Streams and events. A stream is a queue of work, which runs when a call waits for the stream or an event.
#include <time.h>

#include "stub.h"

namespace cuda_stub {

static double milliseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

Result stream_of(Context& context, void* handle, Stream** stream) {
  uintptr_t value = reinterpret_cast<uintptr_t>(handle);
  if (value <= 1) {
    *stream = &context.legacy;
    return kSuccess;
  }
  if (value == 2) {
    std::unique_ptr<Stream>& own = context.per_thread[this_thread()];
    if (own == nullptr) own.reset(new Stream{&context, true, {}, nullptr});
    *stream = own.get();
    return kSuccess;
  }
  auto found = context.streams.find(static_cast<Stream*>(handle));
  if (found == context.streams.end()) return kInvalidHandle;
  *stream = found->first;
  return kSuccess;
}

static void for_each_stream(Context& context, const std::function<void(Stream&)>& use) {
  use(context.legacy);
  for (auto& stream : context.per_thread) use(*stream.second);
  for (auto& stream : context.streams) use(*stream.second);
}

// Runs the operations that CUDA orders before operation `number` of the stream. The legacy stream waits for all earlier
// operations of the blocking streams, and these wait for earlier operations of the legacy stream.
static void run_operations_before(Stream& stream, uint64_t number) {
  Context& context = *stream.context;
  if (&stream == &context.legacy) {
    for_each_stream(context, [&](Stream& other) {
      if (&other != &stream && other.waits_for_legacy) run_queue(other, number - 1);
    });
  } else if (stream.waits_for_legacy) {
    run_queue(context.legacy, number - 1);
  }
}

Result run_queue(Stream& stream, uint64_t last) {
  Context& context = *stream.context;
  while (!stream.queue.empty() && stream.queue.front().number <= last) {
    Operation operation = std::move(stream.queue.front());
    stream.queue.pop_front();
    run_operations_before(stream, operation.number);
    if (context.failure == kSuccess) context.failure = operation.work();
  }
  return context.failure;
}

Result run_all_queues(Context& context) {
  for_each_stream(context, [](Stream& stream) { run_queue(stream); });
  return context.failure;
}

Result submit(Stream& stream, Work work) {
  Context& context = *stream.context;
  if (stream.capture != nullptr) {
    if (stream.capture->invalid) return kCaptureInvalidated;
    stream.capture->graph->nodes.push_back(std::move(work));
    return kSuccess;
  }
  bool implicit = false;
  if (&stream == &context.legacy)
    for_each_stream(context, [&](Stream& other) {
      if (other.capture == nullptr || !other.waits_for_legacy) return;
      other.capture->invalid = implicit = true;
    });
  if (implicit) return kCaptureImplicit;
  stream.queue.push_back({++state().operations, std::move(work)});
  if (state().eager) run_queue(stream);
  return kSuccess;
}

Result in_context_uncaptured(const std::function<Result(Context&)>& work) {
  return in_context([&](Context& context) {
    bool forbidden = false;
    for (Capture* capture : state().captures) {
      if (capture->mode == 2 || (capture->mode == 1 && capture->thread != this_thread())) continue;
      capture->invalid = forbidden = true;
    }
    return forbidden ? kCaptureUnsupported : work(context);
  });
}

// Runs a function that waits for a stream. A wait during the stream's capture fails and invalidates the capture.
static Result on_stream(void* handle, const std::function<Result(Stream&)>& work) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (stream->capture == nullptr) return work(*stream);
    stream->capture->invalid = true;
    return kCaptureUnsupported;
  });
}

static Result with_event(Event* event, const std::function<Result(Recording*)>& work) {
  return in_context_uncaptured([&](Context&) {
    if (state().events.count(event) == 0) return kInvalidHandle;
    return event->captured ? kCapturedEvent : work(event->recording.get());
  });
}

size_t destroy_events(Context& context) {
  std::set<Event*> leaked;
  for (Event* event : state().events)
    if (event->context == &context) leaked.insert(event);
  for (Event* event : leaked) {
    state().events.erase(event);
    delete event;
  }
  return leaked.size();
}

}  // namespace cuda_stub

using namespace cuda_stub;

STUB_EXPORT int cuStreamCreate(Stream** stream, unsigned flags) {
  return in_context([&](Context& context) {
    std::unique_ptr<Stream> made(new Stream{&context, flags == 0, {}, nullptr});
    *stream = made.get();
    context.streams[*stream] = std::move(made);
    return kSuccess;
  });
}

STUB_EXPORT int cuStreamDestroy_v2(Stream* handle) {
  return in_context([&](Context& context) {
    if (context.streams.count(handle) == 0) return kInvalidHandle;
    Result result = run_queue(*handle);
    context.streams.erase(handle);
    return result;
  });
}

STUB_EXPORT int cuStreamSynchronize(void* handle) {
  return on_stream(handle, [](Stream& stream) { return run_queue(stream); });
}

STUB_EXPORT int cuStreamGetCtx(void* handle, Context** context) {
  std::lock_guard<std::recursive_mutex> guard(state().lock);
  for (auto& known : state().contexts)
    if (known.second != nullptr && known.second->streams.count(static_cast<Stream*>(handle)) > 0) {
      *context = known.second.get();
      return kSuccess;
    }
  return kInvalidHandle;
}

STUB_EXPORT int cuEventCreate(Event** event, unsigned flags) {
  return in_context([&](Context& context) {
    *event = new Event{&context, (flags & 2) == 0};  // flag 2 disables timing
    state().events.insert(*event);
    return kSuccess;
  });
}

STUB_EXPORT int cuEventDestroy_v2(Event* event) {
  return in_context([&](Context&) {
    if (state().events.erase(event) == 0) return kInvalidHandle;
    delete event;
    return kSuccess;
  });
}

STUB_EXPORT int cuEventRecord(Event* event, void* handle) {
  return in_context([&](Context& context) {
    Stream* stream;
    Result found = stream_of(context, handle, &stream);
    if (found != kSuccess) return found;
    if (state().events.count(event) == 0 || event->context != &context) return kInvalidHandle;
    event->captured = stream->capture != nullptr;
    if (event->captured) return kSuccess;
    std::shared_ptr<Recording> recording = event->recording = std::make_shared<Recording>();
    recording->stream = stream;
    Result submitted = submit(*stream, [recording] {
      recording->done = true;
      recording->milliseconds = milliseconds();
      return kSuccess;
    });
    recording->number = state().operations;
    return submitted;
  });
}

STUB_EXPORT int cuEventSynchronize(Event* event) {
  return with_event(event, [](Recording* recording) {
    return recording == nullptr || recording->done ? kSuccess : run_queue(*recording->stream, recording->number);
  });
}

STUB_EXPORT int cuEventElapsedTime(float* time, Event* start, Event* end) {
  return in_context([&](Context&) {
    for (Event* event : {start, end}) {
      if (state().events.count(event) == 0 || !event->timing || event->recording == nullptr) return kInvalidHandle;
      if (!event->recording->done) return kNotReady;
    }
    *time = static_cast<float>(end->recording->milliseconds - start->recording->milliseconds);
    return kSuccess;
  });
}
