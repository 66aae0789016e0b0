// The thread pool of an engine. The caller of `run` is thread 0. The worker threads spin for a short time after a job
// and then sleep.
#pragma once

#include <stdint.h>

namespace temper {

struct Pool;

// Processes one chunk on the thread with that index.
using ChunkFunction = void (*)(void* context, int thread, int64_t chunk);

// Returns null if memory or threads are refused. `threads` includes the caller of `run`.
Pool* create_pool(int threads);
void destroy_pool(Pool*);

// Returns false at once if another caller holds the pool. Only the holder may call `run` and `release`.
bool try_acquire(Pool*);
void release(Pool*);

// Calls `function` once for every chunk in [0, chunks) and returns when all calls have ended.
void run(Pool*, ChunkFunction function, void* context, int64_t chunks);

}  // namespace temper
