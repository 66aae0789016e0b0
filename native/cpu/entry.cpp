// What Java calls. A call gets all the memory that it works on as arguments, so that the caller's arenas stay open meanwhile.
#include <stddef.h>

#include "check.h"
#include "engine.h"

#define TEMPER_EXPORT extern "C" __attribute__((visibility("default")))

using namespace temper;

// From here on a gradient does not stay in a cache anyway. Rows of one block are stored through the caches all the same: their lines are
// fetched in time, and a line that is half streamed and half stored costs more than two stores. 8192x1000 in f32 4.2 ms for 4.7, 4096x1024
// in bf16 1.35 for 1.77; only f32 rows that are whole lines lose by it (1024x1024 0.52 for 0.49).
constexpr int64_t kStreamBytes = 4 << 20;
// A null engine: no such instruction set here, or no memory or threads.
TEMPER_EXPORT void* temper_cpu_create(const char* variant, int32_t threads) {
  const Variant* found = find_variant(variant);
  return found == nullptr ? nullptr : create_engine(found, threads);
}

TEMPER_EXPORT void temper_cpu_destroy(void* engine) { destroy_engine((Engine*)engine); }

// The instruction set that `variant` comes to here, "" standing for the best one; null if the processor lacks it.
TEMPER_EXPORT const char* temper_cpu_variant(const char* variant) {
  const Variant* found = find_variant(variant);
  return found == nullptr ? nullptr : found->name;
}

// Returns the status, also in the parameters.
TEMPER_EXPORT int32_t temper_cpu_loss(void* engine, LossParameters* parameters, const void* student, const void* teacher, void* gradient,
                                      const void* labels, const float* row_weights, const float* row_temperatures, float* row_soft,
                                      float* row_hard, float* statistics) {
  LossParameters& p = *parameters;
  p.status = kDone;
  p.counted_rows = p.non_finite_rows = 0;
  p.soft = p.hard = 0;
  LossJob job = {parameters, student, teacher, gradient, labels, row_weights, row_temperatures, row_soft, row_hard, statistics, 1, false};
  if (!check_rows(job)) return p.status;
  job.divisor = p.divisor != 0 ? p.divisor : p.counted_rows > 0 ? (double)p.counted_rows : 1;
  int64_t row_bytes = p.classes * (p.gradient.dtype == kF32 ? 4 : 2);
  job.stream_gradient =
      p.operation != kForward && gradient != student && p.classes > kBlock && p.rows * row_bytes >= kStreamBytes;
  Partial total = {};
  if (!run_loss((Engine*)engine, job, total)) return p.status = kNoMemory;
  p.soft = p.soft_weight * total.soft / job.divisor;
  p.hard = p.hard_weight * total.hard / job.divisor;
  p.non_finite_rows = total.non_finite;
  return kDone;
}

TEMPER_EXPORT int32_t temper_cpu_primitive(void* engine, const PrimitiveParameters* parameters, const void* input, const void* upstream,
                                           void* output) {
  PrimitiveJob job = {parameters, input, upstream, output};
  return run_primitive((Engine*)engine, job) ? kDone : kNoMemory;
}

// Sizes and offsets, for the test that holds the Java side to them.
TEMPER_EXPORT const int64_t* temper_cpu_layout() {
  static const int64_t layout[] = {
      sizeof(LossParameters),        offsetof(LossParameters, student),
      offsetof(LossParameters, ignore_index), offsetof(LossParameters, temperature),
      offsetof(LossParameters, divisor),      offsetof(LossParameters, bad_row),
      offsetof(LossParameters, soft),         sizeof(PrimitiveParameters),
      offsetof(PrimitiveParameters, output),  offsetof(PrimitiveParameters, primitive),
      kStatistics,
  };
  return layout;
}
