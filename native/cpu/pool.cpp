#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

namespace temper {

// The time for which a worker spins is longer than the usual gap between two calls of a training step. Waking a
// sleeping thread takes at least 5 us, and a call of a small batch takes only 40 to 90 us.
constexpr int64_t kSpinNanoseconds = 50000;

struct alignas(64) Worker {
  int64_t next_chunk, end_chunk;  // the queue of this thread: chunks that no thread has started
  Pool* pool;
  int thread;
  pthread_t handle;
};

// One job runs at a time, and a new `generation` announces it. A worker that wakes late could read the fields of a job
// while the caller writes those of the next one. Two rules prevent this: a worker increments `active` before it reads
// `open`, and the caller clears `open` before it waits until `active` is 0. The caller does not wait for a worker that
// slept during the whole job.
struct Pool {
  int threads;
  Worker* workers;
  ChunkFunction function;
  void* context;
  alignas(64) uint64_t generation;
  alignas(64) int active;
  alignas(64) int open;
  int owned;
  int sleepers;
  bool closing;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
};

static inline void pause_thread() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Work stealing: a thread empties its own queue first and then the queues of the others. A queue holds neighbouring
// chunks, because the end of a chunk prefetches the first rows of the next one.
static void run_chunks(Pool* pool, int thread) {
  for (int i = 0; i < pool->threads; i++) {
    Worker& queue = pool->workers[(thread + i) % pool->threads];
    for (;;) {
      int64_t chunk = __atomic_fetch_add(&queue.next_chunk, 1, __ATOMIC_RELAXED);
      if (chunk >= queue.end_chunk) break;
      pool->function(pool->context, thread, chunk);
    }
  }
}

// Waits until the generation differs from `seen` and returns it. The thread spins first and then sleeps.
static uint64_t wait_for_job(Pool* pool, uint64_t seen) {
  int64_t deadline = now() + kSpinNanoseconds;
  do {
    for (int i = 0; i < 64; i++) {
      uint64_t generation = __atomic_load_n(&pool->generation, __ATOMIC_ACQUIRE);
      if (generation != seen) return generation;
      pause_thread();
    }
  } while (now() < deadline);
  pthread_mutex_lock(&pool->mutex);
  __atomic_add_fetch(&pool->sleepers, 1, __ATOMIC_SEQ_CST);
  uint64_t generation;
  while ((generation = __atomic_load_n(&pool->generation, __ATOMIC_SEQ_CST)) == seen)
    pthread_cond_wait(&pool->wake, &pool->mutex);
  __atomic_sub_fetch(&pool->sleepers, 1, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&pool->mutex);
  return generation;
}

static void advance_generation(Pool* pool) {
  __atomic_add_fetch(&pool->generation, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&pool->sleepers, __ATOMIC_SEQ_CST) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
}

static void* worker_main(void* argument) {
  Worker* worker = (Worker*)argument;
  Pool* pool = worker->pool;
  for (uint64_t seen = 0;;) {
    seen = wait_for_job(pool, seen);
    if (__atomic_load_n(&pool->closing, __ATOMIC_ACQUIRE)) return nullptr;
    __atomic_add_fetch(&pool->active, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&pool->open, __ATOMIC_SEQ_CST)) run_chunks(pool, worker->thread);
    __atomic_sub_fetch(&pool->active, 1, __ATOMIC_SEQ_CST);
  }
}

Pool* create_pool(int threads) {
  void* memory;
  if (posix_memalign(&memory, 64, sizeof(Pool)) != 0) return nullptr;
  Pool* pool = (Pool*)memory;
  *pool = {};
  pthread_mutex_init(&pool->mutex, nullptr);
  pthread_cond_init(&pool->wake, nullptr);
  if (posix_memalign(&memory, 64, (size_t)threads * sizeof(Worker)) == 0) pool->workers = (Worker*)memory;
  pool->threads = 1;
  while (pool->workers != nullptr && pool->threads < threads) {
    Worker* worker = pool->workers + pool->threads;
    *worker = {0, 0, pool, pool->threads, {}};
    if (pthread_create(&worker->handle, nullptr, worker_main, worker) != 0) break;
    pool->threads++;
  }
  if (pool->threads == threads && pool->workers != nullptr) return pool;
  destroy_pool(pool);
  return nullptr;
}

void destroy_pool(Pool* pool) {
  __atomic_store_n(&pool->closing, true, __ATOMIC_RELEASE);
  advance_generation(pool);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->workers[i].handle, nullptr);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool);
}

bool try_acquire(Pool* pool) {
  int free_value = 0;
  return __atomic_compare_exchange_n(&pool->owned, &free_value, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void release(Pool* pool) {
  __atomic_store_n(&pool->owned, 0, __ATOMIC_RELEASE);
}

void run(Pool* pool, ChunkFunction function, void* context, int64_t chunks) {
  pool->function = function;
  pool->context = context;
  for (int i = 0; i < pool->threads; i++) {
    pool->workers[i].end_chunk = chunks * (i + 1) / pool->threads;
    __atomic_store_n(&pool->workers[i].next_chunk, chunks * i / pool->threads, __ATOMIC_RELAXED);
  }
  bool shared = chunks > 1 && pool->threads > 1;
  if (shared) {
    __atomic_store_n(&pool->open, 1, __ATOMIC_SEQ_CST);
    advance_generation(pool);
  }
  run_chunks(pool, 0);
  if (!shared) return;
  __atomic_store_n(&pool->open, 0, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&pool->active, __ATOMIC_SEQ_CST) != 0) pause_thread();
}

}  // namespace temper
