// The functions that Java calls. Every call receives as arguments all the memory that it works on, so that the caller's
// arenas stay open until it returns.
#include <stddef.h>

#include "check.h"
#include "engine.h"

#define TEMPER_EXPORT extern "C" __attribute__((visibility("default")))

using namespace temper;

// Gradients from this size on are written with streaming stores, because no cache would hold them until they are read.
// Rows of at most kBlock classes are excluded: a cache line that two rows share would be written partly by streaming
// and partly by ordinary stores, which is slower than two ordinary stores. Measured: 8192x1000 f32 takes 4.2 ms with
// ordinary stores and 4.7 ms with streaming, 4096x1024 bf16 takes 1.35 ms and 1.77 ms. The exclusion costs time only
// for f32 rows made of full cache lines: 0.52 ms against 0.49 ms at 1024x1024.
constexpr int64_t kStreamingBytes = 4 << 20;

// Returns null if the processor lacks the instruction set, or if memory or threads are refused.
TEMPER_EXPORT void* temper_cpu_create(const char* variant, int32_t threads) {
  const Variant* found = find_variant(variant);
  return found == nullptr ? nullptr : create_engine(found, threads);
}

TEMPER_EXPORT void temper_cpu_destroy(void* engine) { destroy_engine((Engine*)engine); }

// Returns the name of the instruction set that find_variant selects, or null.
TEMPER_EXPORT const char* temper_cpu_variant(const char* variant) {
  const Variant* found = find_variant(variant);
  return found == nullptr ? nullptr : found->name;
}

// Returns a Status, which is also stored in the parameters.
TEMPER_EXPORT int32_t temper_cpu_loss(void* engine, LossParameters* parameters, const void* student,
                                      const void* teacher, void* gradient, const void* labels,
                                      const float* row_weights, const float* row_temperatures, float* row_soft,
                                      float* row_hard, float* statistics) {
  LossParameters& p = *parameters;
  p.status = kDone;
  p.counted_rows = p.non_finite_rows = 0;
  p.soft = p.hard = 0;
  LossJob job = {parameters,  student,          teacher,  gradient, labels,
                 row_weights, row_temperatures, row_soft, row_hard, statistics, 1, false};
  if (!check_rows(job)) return p.status;
  job.divisor = p.divisor != 0 ? p.divisor : p.counted_rows > 0 ? (double)p.counted_rows : 1;
  int64_t row_bytes = p.classes * (p.gradient.dtype == kF32 ? 4 : 2);
  job.stream_gradient =
      p.operation != kForward && gradient != student && p.classes > kBlock && p.rows * row_bytes >= kStreamingBytes;
  Partial total = {};
  if (!run_loss((Engine*)engine, job, total)) return p.status = kNoMemory;
  p.soft = p.soft_weight * total.soft / job.divisor;
  p.hard = p.hard_weight * total.hard / job.divisor;
  p.non_finite_rows = total.non_finite;
  return kDone;
}

TEMPER_EXPORT int32_t temper_cpu_primitive(void* engine, const PrimitiveParameters* parameters, const void* input,
                                           const void* upstream, void* output) {
  PrimitiveJob job = {parameters, input, upstream, output};
  return run_primitive((Engine*)engine, job) ? kDone : kNoMemory;
}

// Returns sizes and offsets of the structs. A Java test compares them with its own layouts.
TEMPER_EXPORT const int64_t* temper_cpu_layout() {
  static const int64_t layout[] = {
      sizeof(LossParameters),
      offsetof(LossParameters, student),
      offsetof(LossParameters, ignore_index),
      offsetof(LossParameters, temperature),
      offsetof(LossParameters, divisor),
      offsetof(LossParameters, bad_row),
      offsetof(LossParameters, soft),
      sizeof(PrimitiveParameters),
      offsetof(PrimitiveParameters, output),
      offsetof(PrimitiveParameters, primitive),
      kStatistics,
  };
  return layout;
}
