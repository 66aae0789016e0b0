// The threads of one engine. The caller of `run` takes part; the others spin for a moment after a job and then sleep.
#pragma once

#include <stdint.h>

namespace temper {

struct Pool;

// `work(context, thread, chunk)` for every chunk in [0, chunks); thread < threads names the scratch to use.
using Work = void (*)(void* context, int thread, int64_t chunk);

// Null if memory or threads are refused.
Pool* create_pool(int threads);
void destroy_pool(Pool*);

// Whether the caller now owns the pool; then `run`s and one `release`. It never waits for another caller.
bool try_acquire(Pool*);
void release(Pool*);
void run(Pool*, Work work, void* context, int64_t chunks);

}  // namespace temper
