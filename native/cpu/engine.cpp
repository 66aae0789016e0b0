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

// Enough arithmetic (2 us and more) for a chunk to be worth an atomic counter and a partial result.
constexpr int64_t kChunkElements = 4096;
// Whole groups of rows in the lanes of the widest vector.
constexpr int64_t kRowGroup = 16;

struct ScratchBlock {
  ScratchBlock* next;
  int64_t capacity;            // classes
  Scratch scratch;
  Partial partials[kMaxChunks];
};

struct Engine {
  const Variant* variant;
  Pool* pool;
  int threads;
  pthread_mutex_t mutex;       // of the list
  ScratchBlock* spare;         // as many as ever worked at once
};

const Variant* find_variant(const char* name) {
  bool best = name[0] == 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
  if (avx512 && (best || strcmp(name, variant_avx512.name) == 0)) return &variant_avx512;
  if (avx2 && (best || strcmp(name, variant_avx2.name) == 0)) return &variant_avx2;
#endif
  return best || strcmp(name, variant_baseline.name) == 0 ? &variant_baseline : nullptr;
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

static void free_block(ScratchBlock* block) {
  free(block->scratch.student_exp);
  free(block);
}

void destroy_engine(Engine* engine) {
  destroy_pool(engine->pool);
  while (ScratchBlock* block = engine->spare) {
    engine->spare = block->next;
    free_block(block);
  }
  pthread_mutex_destroy(&engine->mutex);
  free(engine);
}

static bool grow(ScratchBlock* block, int64_t classes) {
  free(block->scratch.student_exp);
  block->scratch = {};
  block->capacity = 0;
  // Whole lines, and each row a few lines off a page's start: streams at one offset would compete for the same cache sets.
  int64_t row = (classes + kBlock) / 1024 * 1024 + 1024 + 80, blocks = classes / kBlock + 1;
  void* memory;
  if (posix_memalign(&memory, 4096, (size_t)(4 * row + 2 * blocks) * sizeof(float)) != 0) return false;
  float* at = (float*)memory;
  block->scratch = {at, at + row, at + 2 * row, at + 3 * row, at + 4 * row, at + 4 * row + blocks};
  block->capacity = classes;
  return true;
}

static ScratchBlock* take_scratch(Engine* engine, int64_t classes) {
  pthread_mutex_lock(&engine->mutex);
  ScratchBlock* block = engine->spare;
  if (block != nullptr) engine->spare = block->next;
  pthread_mutex_unlock(&engine->mutex);
  if (block == nullptr) block = (ScratchBlock*)calloc(1, sizeof(ScratchBlock));
  if (block == nullptr || block->capacity >= classes || grow(block, classes)) return block;
  free_block(block);
  return nullptr;
}

static void give_scratch(Engine* engine, ScratchBlock* block) {
  pthread_mutex_lock(&engine->mutex);
  block->next = engine->spare;
  engine->spare = block;
  pthread_mutex_unlock(&engine->mutex);
}

int64_t rows_per_chunk(int64_t rows, int64_t classes) {
  int64_t by_size = kChunkElements / (classes > 0 ? classes : 1), by_count = (rows + kMaxChunks - 1) / kMaxChunks;
  int64_t chosen = by_size > by_count ? by_size : by_count;
  return chosen >= kRowGroup ? (chosen + kRowGroup - 1) / kRowGroup * kRowGroup : chosen > 0 ? chosen : 1;
}

// What the threads of one run share; exactly one of the jobs is there.
struct Run {
  const Variant* variant;
  const LossJob* loss;
  const PrimitiveJob* primitive;
  int64_t rows, chunk_rows;
  ScratchBlock** blocks;       // per thread
};

static void work(void* context, int thread, int64_t chunk) {
  Run* run = (Run*)context;
  int64_t first = chunk * run->chunk_rows, last = first + run->chunk_rows < run->rows ? first + run->chunk_rows : run->rows;
  const Scratch& scratch = run->blocks[thread]->scratch;
  if (run->loss) run->variant->loss(*run->loss, scratch, first, last, run->blocks[0]->partials[chunk]);
  else run->variant->primitive(*run->primitive, first, last);
}

static bool run_rows(Engine* engine, Run& shared, int64_t classes, Partial* total) {
  int64_t chunks = (shared.rows + shared.chunk_rows - 1) / shared.chunk_rows;
  bool alone = !try_acquire(engine->pool);
  int threads = alone ? 1 : engine->threads, taken = 0;
  ScratchBlock** blocks = (ScratchBlock**)alloca((size_t)threads * sizeof(ScratchBlock*));
  while (taken < threads && (blocks[taken] = take_scratch(engine, classes)) != nullptr) taken++;
  shared.blocks = blocks;
  bool possible = taken == threads;
  if (possible && alone)
    for (int64_t chunk = 0; chunk < chunks; chunk++) work(&shared, 0, chunk);
  if (possible && !alone) run(engine->pool, work, &shared, chunks);
  if (possible && total)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      const Partial& partial = blocks[0]->partials[chunk];
      total->soft += partial.soft;
      total->hard += partial.hard;
      total->non_finite += partial.non_finite;
    }
  while (taken > 0) give_scratch(engine, blocks[--taken]);
  if (!alone) release(engine->pool);
  return possible;
}

bool run_loss(Engine* engine, const LossJob& job, Partial& total) {
  const LossParameters& p = *job.parameters;
  Run shared = {engine->variant, &job, nullptr, p.rows, rows_per_chunk(p.rows, p.classes), nullptr};
  return run_rows(engine, shared, p.classes, &total);
}

bool run_primitive(Engine* engine, const PrimitiveJob& job) {
  const PrimitiveParameters& p = *job.parameters;
  Run shared = {engine->variant, nullptr, &job, p.rows, rows_per_chunk(p.rows, p.classes), nullptr};
  return run_rows(engine, shared, 0, nullptr);
}

}  // namespace temper
