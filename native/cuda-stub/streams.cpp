// Streams, events and graphs: queues of work that is done when something waits for it.
#include <time.h>

#include "stub.h"

namespace stub {

static double milliseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

Result streamOf(Context& context, void* handle, Stream** stream) {
    uintptr_t known = reinterpret_cast<uintptr_t>(handle);
    if (known <= 1) return *stream = &context.legacy, SUCCESS;
    if (known == 2) {
        std::unique_ptr<Stream>& own = context.perThread[thisThread()];
        if (own == nullptr) own.reset(new Stream{&context, true, {}, nullptr});
        return *stream = own.get(), SUCCESS;
    }
    auto found = context.streams.find(static_cast<Stream*>(handle));
    return found == context.streams.end() ? INVALID_HANDLE : (*stream = found->first, SUCCESS);
}

static void forEachStream(Context& context, const std::function<void(Stream&)>& use) {
    use(context.legacy);
    for (auto& stream : context.perThread) use(*stream.second);
    for (auto& stream : context.streams) use(*stream.second);
}

/// The legacy stream waits for what all others were given before, and they for it.
static void carryOutBefore(Stream& stream, uint64_t number) {
    Context& context = *stream.context;
    if (&stream == &context.legacy) {
        forEachStream(context, [&](Stream& other) {
            if (&other != &stream && other.waitsForLegacy) carryOut(other, number - 1);
        });
    } else if (stream.waitsForLegacy) {
        carryOut(context.legacy, number - 1);
    }
}

Result carryOut(Stream& stream, uint64_t last) {
    Context& context = *stream.context;
    while (!stream.queue.empty() && stream.queue.front().number <= last) {
        Operation operation = std::move(stream.queue.front());
        stream.queue.pop_front();
        carryOutBefore(stream, operation.number);
        if (context.failure == SUCCESS) context.failure = operation.work();
    }
    return context.failure;
}

Result carryOutAll(Context& context) {
    forEachStream(context, [](Stream& stream) { carryOut(stream); });
    return context.failure;
}

Result submit(Stream& stream, Work work) {
    Context& context = *stream.context;
    if (stream.capture != nullptr) {
        if (stream.capture->invalid) return CAPTURE_INVALIDATED;
        stream.capture->graph->nodes.push_back(std::move(work));
        return SUCCESS;
    }
    bool implicit = false;
    if (&stream == &context.legacy)
        forEachStream(context, [&](Stream& other) {
            if (other.capture == nullptr || !other.waitsForLegacy) return;
            other.capture->invalid = implicit = true;
        });
    if (implicit) return CAPTURE_IMPLICIT;
    stream.queue.push_back({++state().operations, std::move(work)});
    if (state().eager) carryOut(stream);
    return SUCCESS;
}

Result withinUncaptured(const std::function<Result(Context&)>& work) {
    return within([&](Context& context) {
        bool forbidden = false;
        for (Capture* capture : state().captures) {
            if (capture->mode == 2 || (capture->mode == 1 && capture->thread != thisThread())) continue;
            capture->invalid = forbidden = true;
        }
        return forbidden ? CAPTURE_UNSUPPORTED : work(context);
    });
}

/// A stream that may be waited for: one that is captured may not.
static Result onStream(void* handle, const std::function<Result(Stream&)>& work) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (stream->capture == nullptr) return work(*stream);
        stream->capture->invalid = true;
        return CAPTURE_UNSUPPORTED;
    });
}

static Result withEvent(Event* event, const std::function<Result(Ticket*)>& work) {
    return withinUncaptured([&](Context&) {
        if (state().events.count(event) == 0) return INVALID_HANDLE;
        return event->captured ? CAPTURED_EVENT : work(event->ticket.get());
    });
}

size_t destroyEvents(Context& context) {
    std::set<Event*> lost;
    for (Event* event : state().events)
        if (event->context == &context) lost.insert(event);
    for (Event* event : lost) {
        state().events.erase(event);
        delete event;
    }
    return lost.size();
}

}  // namespace stub

using namespace stub;

STUB_EXPORT int cuStreamCreate(Stream** stream, unsigned flags) {
    return within([&](Context& context) {
        std::unique_ptr<Stream> made(new Stream{&context, flags == 0, {}, nullptr});
        *stream = made.get();
        context.streams[*stream] = std::move(made);
        return SUCCESS;
    });
}

STUB_EXPORT int cuStreamDestroy_v2(Stream* handle) {
    return within([&](Context& context) {
        if (context.streams.count(handle) == 0) return INVALID_HANDLE;
        Result result = carryOut(*handle);
        context.streams.erase(handle);
        return result;
    });
}

STUB_EXPORT int cuStreamSynchronize(void* handle) {
    return onStream(handle, [](Stream& stream) { return carryOut(stream); });
}

STUB_EXPORT int cuStreamGetCtx(void* handle, Context** context) {
    std::lock_guard<std::recursive_mutex> guard(state().lock);
    for (auto& known : state().contexts)
        if (known.second != nullptr && known.second->streams.count(static_cast<Stream*>(handle)) > 0)
            return *context = known.second.get(), SUCCESS;
    return INVALID_HANDLE;
}

STUB_EXPORT int cuEventCreate(Event** event, unsigned flags) {
    return within([&](Context& context) {
        *event = new Event{&context, (flags & 2) == 0};
        state().events.insert(*event);
        return SUCCESS;
    });
}

STUB_EXPORT int cuEventDestroy_v2(Event* event) {
    return within([&](Context&) {
        if (state().events.erase(event) == 0) return INVALID_HANDLE;
        delete event;
        return SUCCESS;
    });
}

STUB_EXPORT int cuEventRecord(Event* event, void* handle) {
    return within([&](Context& context) {
        Stream* stream;
        Result found = streamOf(context, handle, &stream);
        if (found != SUCCESS) return found;
        if (state().events.count(event) == 0 || event->context != &context) return INVALID_HANDLE;
        event->captured = stream->capture != nullptr;
        if (event->captured) return SUCCESS;
        std::shared_ptr<Ticket> ticket = event->ticket = std::make_shared<Ticket>();
        ticket->stream = stream;
        Result submitted = submit(*stream, [ticket] {
            ticket->done = true;
            ticket->milliseconds = milliseconds();
            return SUCCESS;
        });
        ticket->number = state().operations;
        return submitted;
    });
}

STUB_EXPORT int cuEventSynchronize(Event* event) {
    return withEvent(event, [](Ticket* ticket) {
        return ticket == nullptr || ticket->done ? SUCCESS : carryOut(*ticket->stream, ticket->number);
    });
}

STUB_EXPORT int cuEventElapsedTime(float* time, Event* start, Event* end) {
    return within([&](Context&) {
        for (Event* event : {start, end}) {
            if (state().events.count(event) == 0 || !event->timing || event->ticket == nullptr) return INVALID_HANDLE;
            if (!event->ticket->done) return NOT_READY;
        }
        return *time = static_cast<float>(end->ticket->milliseconds - start->ticket->milliseconds), SUCCESS;
    });
}
