// An engine: one instruction set, a thread pool, and scratch memory for each working thread.
#pragma once

#include "job.h"

namespace temper {

struct Engine;

// Upper bound on the chunks of a call. It bounds the array of partial results in the scratch memory.
constexpr int64_t kMaxChunks = 4096;

// Returns the variant with this name, or the fastest supported one for "". Returns null if the processor lacks its
// instruction set.
const Variant* find_variant(const char* name);

// Returns the place of a policy in the list of divergences, or -1.
int32_t find_divergence(const char* policy);

// Returns null if memory or threads are refused.
Engine* create_engine(const Variant* variant, int threads);
void destroy_engine(Engine* engine);

// The chunk size depends on the shape only, so that the order of summation is the same for any number of threads.
int64_t rows_per_chunk(int64_t rows, int64_t classes);

// These functions use the thread pool, or the calling thread alone while another call holds the pool. They return
// false if scratch memory is refused.
bool run_loss(Engine* engine, const LossJob& job, ChunkTotals& total);
bool run_primitive(Engine* engine, const PrimitiveJob& job);

}  // namespace temper
