// One engine: an instruction set, threads, and the scratch memory of those who work.
#pragma once

#include "job.h"

namespace temper {

struct Engine;

// At most this many chunks, so that partial results take a bounded place in the scratch memory.
constexpr int64_t kMaxChunks = 4096;

// The name of a variant or "" for the best one; null if the processor lacks it.
const Variant* find_variant(const char* name);

// Null if memory or threads are refused.
Engine* create_engine(const Variant* variant, int threads);
void destroy_engine(Engine* engine);

// How [0, rows) is cut: depends on the shape alone, so that results do not depend on the threads.
int64_t rows_per_chunk(int64_t rows, int64_t classes);

// Rows on all threads, or on the caller's alone while another call has them. False if there is no memory for scratch.
bool run_loss(Engine* engine, const LossJob& job, Partial& total);
bool run_primitive(Engine* engine, const PrimitiveJob& job);

}  // namespace temper
