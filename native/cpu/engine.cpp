#include "engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

namespace temper {

extern const Variant variant_baseline;
#if defined(__x86_64__)
extern const Variant variant_avx2, variant_avx512;
#endif

// A chunk of this many elements takes at least 2 us, much longer than the atomic increment that assigns it to a thread.
constexpr int64_t kChunkElements = 4096;
// Short rows are processed one per lane, so that chunks of several rows are multiples of the widest vector's lanes.
constexpr int64_t kChunkMultiple = 16;

struct ThreadScratch {
  ThreadScratch* next;
  int64_t capacity;  // in classes
  Scratch arrays;
  ChunkTotals chunk_totals[kMaxChunks];
};

struct Engine {
  const Variant* variant;
  Pool* pool;
  int threads;
  pthread_mutex_t mutex;     // guards free_list
  ThreadScratch* free_list;  // grows to the largest number of threads that ever worked at once
};

const Variant* find_variant(const char* name) {
  bool best = name[0] == 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512 && (best || strcmp(name, variant_avx512.name) == 0)) return &variant_avx512;
  if (avx2 && (best || strcmp(name, variant_avx2.name) == 0)) return &variant_avx2;
#endif
  return best || strcmp(name, variant_baseline.name) == 0 ? &variant_baseline : nullptr;
}

int32_t find_divergence(const char* policy) {
  for (int32_t i = 0; variant_baseline.divergences[i] != nullptr; i++)
    if (strcmp(variant_baseline.divergences[i], policy) == 0) return i;
  return -1;
}

Engine* create_engine(const Variant* variant, int threads) {
  Engine* engine = (Engine*)calloc(1, sizeof(Engine));
  if (engine == nullptr) return nullptr;
  engine->pool = create_pool(threads);
  if (engine->pool == nullptr) {
    free(engine);
    return nullptr;
  }
  engine->variant = variant;
  engine->threads = threads;
  pthread_mutex_init(&engine->mutex, nullptr);
  return engine;
}

static void free_scratch(ThreadScratch* scratch) {
  free(scratch->arrays.student_exp);
  free(scratch);
}

void destroy_engine(Engine* engine) {
  destroy_pool(engine->pool);
  while (ThreadScratch* scratch = engine->free_list) {
    engine->free_list = scratch->next;
    free_scratch(scratch);
  }
  pthread_mutex_destroy(&engine->mutex);
  free(engine);
}

static bool resize(ThreadScratch* scratch, int64_t classes) {
  free(scratch->arrays.student_exp);
  scratch->arrays = {};
  scratch->capacity = 0;
  // Arrays are whole cache lines long, and each starts at another offset within its page. Arrays at equal offsets would
  // compete for the same cache sets.
  int64_t length = (classes + kBlock) / 1024 * 1024 + 1024 + 80, blocks = classes / kBlock + 1;
  void* memory;
  if (posix_memalign(&memory, 4096, (size_t)(5 * length + 2 * blocks) * sizeof(float)) != 0) return false;
  float* at = (float*)memory;
  scratch->arrays = {at,              at + length,     at + 2 * length,         at + 3 * length,
                     at + 4 * length, at + 5 * length, at + 5 * length + blocks};
  scratch->capacity = classes;
  return true;
}

static ThreadScratch* acquire_scratch(Engine* engine, int64_t classes) {
  pthread_mutex_lock(&engine->mutex);
  ThreadScratch* scratch = engine->free_list;
  if (scratch != nullptr) engine->free_list = scratch->next;
  pthread_mutex_unlock(&engine->mutex);
  if (scratch == nullptr) scratch = (ThreadScratch*)calloc(1, sizeof(ThreadScratch));
  if (scratch == nullptr || scratch->capacity >= classes || resize(scratch, classes)) return scratch;
  free_scratch(scratch);
  return nullptr;
}

static void release_scratch(Engine* engine, ThreadScratch* scratch) {
  pthread_mutex_lock(&engine->mutex);
  scratch->next = engine->free_list;
  engine->free_list = scratch;
  pthread_mutex_unlock(&engine->mutex);
}

int64_t rows_per_chunk(int64_t rows, int64_t classes) {
  int64_t by_size = kChunkElements / (classes > 0 ? classes : 1), by_count = (rows + kMaxChunks - 1) / kMaxChunks;
  int64_t chosen = by_size > by_count ? by_size : by_count;
  if (chosen >= kChunkMultiple) return (chosen + kChunkMultiple - 1) / kChunkMultiple * kChunkMultiple;
  return chosen > 0 ? chosen : 1;
}

// The work of one call, shared by its threads. Exactly one of the jobs is not null.
struct RowLoop {
  const Variant* variant;
  const LossJob* loss;
  const PrimitiveJob* primitive;
  const LossJob* check;
  const TopKJob* top_k;
  uint64_t bad_teacher;  // the largest ~row of an invalid list
  int64_t rows, chunk_rows;
  ThreadScratch** scratch;  // one per thread; the first also holds the partial results of all chunks
};

// Records a row with an invalid list. The largest ~row belongs to the first row.
static void note_first(uint64_t* bad, int64_t row) {
  uint64_t found = ~(uint64_t)row, known = __atomic_load_n(bad, __ATOMIC_RELAXED);
  while (found > known && !__atomic_compare_exchange_n(bad, &known, found, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

static void run_chunk(void* context, int thread, int64_t chunk) {
  RowLoop* loop = (RowLoop*)context;
  int64_t first = chunk * loop->chunk_rows;
  int64_t last = first + loop->chunk_rows < loop->rows ? first + loop->chunk_rows : loop->rows;
  const Scratch& arrays = loop->scratch[thread]->arrays;
  if (loop->top_k) loop->variant->top_k(*loop->top_k, first, last);
  else if (loop->check) {
    int64_t row = loop->variant->check_lists(*loop->check, first, last);
    if (row >= 0) note_first(&loop->bad_teacher, row);
  } else if (loop->loss) loop->variant->loss(*loop->loss, arrays, first, last, loop->scratch[0]->chunk_totals[chunk]);
  else loop->variant->primitive(*loop->primitive, first, last);
}

static bool run_rows(Engine* engine, RowLoop& loop, int64_t classes, ChunkTotals* total) {
  int64_t chunks = (loop.rows + loop.chunk_rows - 1) / loop.chunk_rows;
  bool pool_busy = !try_acquire(engine->pool);
  int threads = pool_busy ? 1 : engine->threads, acquired = 0;
  ThreadScratch** scratch = (ThreadScratch**)alloca((size_t)threads * sizeof(ThreadScratch*));
  while (acquired < threads && (scratch[acquired] = acquire_scratch(engine, classes)) != nullptr) acquired++;
  loop.scratch = scratch;
  bool enough_memory = acquired == threads;
  if (enough_memory && pool_busy)
    for (int64_t chunk = 0; chunk < chunks; chunk++) run_chunk(&loop, 0, chunk);
  if (enough_memory && !pool_busy) run(engine->pool, run_chunk, &loop, chunks);
  if (enough_memory && total)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      const ChunkTotals& part = scratch[0]->chunk_totals[chunk];
      total->soft += part.soft;
      total->hard += part.hard;
      total->temperature_gradient += part.temperature_gradient;
      total->non_finite += part.non_finite;
      if (part.bad_mass > total->bad_mass) total->bad_mass = part.bad_mass;
    }
  while (acquired > 0) release_scratch(engine, scratch[--acquired]);
  if (!pool_busy) release(engine->pool);
  return enough_memory;
}

// Returns a loop over rows of `elements` elements each. The caller adds the job.
static RowLoop loop_over(const Engine* engine, int64_t rows, int64_t elements) {
  RowLoop loop = {};
  loop.variant = engine->variant;
  loop.rows = rows;
  loop.chunk_rows = rows_per_chunk(rows, elements);
  return loop;
}

bool run_loss(Engine* engine, const LossJob& job, ChunkTotals& total) {
  const LossParameters& p = job.parameters;
  RowLoop loop = loop_over(engine, p.rows, p.classes);
  loop.loss = &job;
  return run_rows(engine, loop, p.classes, &total);
}

bool run_list_check(Engine* engine, const LossJob& job, BatchStatus& status) {
  RowLoop loop = loop_over(engine, job.parameters.rows, job.parameters.teacher_slots);
  loop.check = &job;
  if (!run_rows(engine, loop, 0, nullptr)) return false;
  status.bad_teacher = loop.bad_teacher;
  return true;
}

bool run_top_k(Engine* engine, const TopKJob& job) {
  RowLoop loop = loop_over(engine, job.rows, job.classes);
  loop.top_k = &job;
  return run_rows(engine, loop, 0, nullptr);
}

bool run_primitive(Engine* engine, const PrimitiveJob& job) {
  RowLoop loop = loop_over(engine, job.parameters.rows, job.parameters.classes);
  loop.primitive = &job;
  return run_rows(engine, loop, 0, nullptr);
}

}  // namespace temper
