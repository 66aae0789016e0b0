// The functions that Java calls. Every call receives as arguments all the memory that it works on, so that the caller's
// arenas stay open until it returns.
#include "check.h"
#include "engine.h"

#include <stdlib.h>

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

// Returns the place of a policy in the list of divergences, or -1.
TEMPER_EXPORT int32_t temper_cpu_divergence(const char* policy) { return find_divergence(policy); }

static Matrix matrix(const void* base, int64_t stride, int32_t dtype, int32_t width) {
  return {base, stride, dtype, width};
}

static LossJob job_of(const LossParameters& p, Divisors divisors) {
  LossJob job = {p,
                 matrix(p.student, p.student_stride, p.student_dtype, p.classes),
                 matrix(p.teacher, p.teacher_stride, p.teacher_dtype, p.teacher_ids ? p.teacher_slots : p.classes),
                 matrix(p.gradient, p.gradient_stride, p.gradient_dtype, p.gradient_width),
                 p.row_weights,
                 p.row_temperatures,
                 p.row_soft,
                 p.row_hard,
                 p.row_label_log_prob,
                 p.row_student_entropy,
                 p.row_teacher_entropy,
                 p.row_student_mass,
                 p.row_teacher_mass,
                 p.row_unmapped_mass,
                 p.statistics,
                 GradientFactors::of(p, divisors),
                 false,
                 false};
  int64_t row_bytes = (int64_t)p.classes * (p.gradient_dtype == kF32 ? 4 : 2);
  job.stream_gradient = p.pass != kForwardPass && p.gradient != p.student && p.classes > kBlock &&
                        p.accumulate == 0 && p.rows * row_bytes >= kStreamingBytes;
  return job;
}

// A bit for each column of the teacher.
struct ColumnBits {
  uint32_t* words;

  explicit ColumnBits(int32_t columns) : words((uint32_t*)calloc((size_t)columns / 32 + 1, sizeof(uint32_t))) {}
  ~ColumnBits() { free(words); }
  ColumnBits(const ColumnBits&) = delete;
};

// Writes the report and, unless the report names an invalid row or denominator, the outputs. Returns 0, or 1 if memory
// is refused. The arguments after `report` replace the pointers of LossParameters, in the same order. Null means
// absent.
TEMPER_EXPORT int32_t temper_cpu_loss(void* engine, LossParameters* parameters, BatchReport* report,
                                      const void* student, const void* teacher, void* gradient, const void* labels,
                                      const float* row_weights, const float* row_temperatures,
                                      const float* soft_denominator, const float* hard_denominator, float* row_soft,
                                      float* row_hard, float* row_label_log_prob, float* row_student_entropy,
                                      float* row_teacher_entropy, const int32_t* teacher_ids,
                                      const float* teacher_log_tail, float* row_student_mass, float* row_teacher_mass,
                                      const int32_t* teacher_row_index, const int32_t* class_map,
                                      float* row_unmapped_mass, const void* mixture_0, const void* mixture_1,
                                      const void* mixture_2, const void* mixture_3, const void* mixture_4,
                                      const void* mixture_5, const void* mixture_6, const void* mixture_7,
                                      float* statistics) {
  LossParameters& p = *parameters;
  p.student = student;
  p.teacher = teacher;
  p.gradient = gradient;
  p.labels = labels;
  p.row_weights = row_weights;
  p.row_temperatures = row_temperatures;
  p.soft_denominator = soft_denominator;
  p.hard_denominator = hard_denominator;
  p.row_soft = row_soft;
  p.row_hard = row_hard;
  p.row_label_log_prob = row_label_log_prob;
  p.row_student_entropy = row_student_entropy;
  p.row_teacher_entropy = row_teacher_entropy;
  p.teacher_ids = teacher_ids;
  p.teacher_log_tail = teacher_log_tail;
  p.row_student_mass = row_student_mass;
  p.row_teacher_mass = row_teacher_mass;
  p.teacher_row_index = teacher_row_index;
  p.class_map = class_map;
  p.row_unmapped_mass = row_unmapped_mass;
  const void* mixture[kMostMixed] = {mixture_0, mixture_1, mixture_2, mixture_3,
                                     mixture_4, mixture_5, mixture_6, mixture_7};
  for (int m = 0; m < kMostMixed; m++) p.mixture_logits[m] = mixture[m];
  p.statistics = statistics;
  ColumnBits columns(class_map == nullptr ? 0 : p.teacher_columns);
  p.columns_taken = columns.words;
  if (columns.words == nullptr) return 1;
  BatchTotals& totals = report->totals;
  totals = {};
  report->status = check_rows(p, totals.bad_denominators);
  LossJob checked = job_of(p, Divisors{1, 1});
  if (teacher_ids != nullptr && !run_list_check((Engine*)engine, checked, report->status)) return 1;
  if (has_invalid_row(report->status) || totals.bad_denominators != 0) return 0;
  int64_t labelled = (int64_t)report->status.labelled_rows;
  totals.hard_counted_rows = labelled;
  totals.counted_rows = p.ignore_scope == kIgnoreBothParts ? labelled : p.rows;
  Divisors divisors = Divisors::of(p, labelled);
  ChunkTotals sum = {};
  if (!run_loss((Engine*)engine, job_of(p, divisors), sum)) return 1;
  // A part without rows is 0, not 0/0.
  totals.soft = totals.counted_rows == 0 ? 0 : p.soft_weight * sum.soft / divisors.soft;
  totals.temperature_gradient =
      totals.counted_rows == 0 ? 0 : p.soft_weight * sum.temperature_gradient / divisors.soft;
  totals.hard = totals.hard_counted_rows == 0 ? 0 : p.hard_weight * sum.hard / divisors.hard;
  totals.total = totals.soft + totals.hard;
  totals.non_finite_rows = sum.non_finite;
  report->status.bad_mass = sum.bad_mass;
  return 0;
}

// Returns 0, or 1 if memory is refused.
TEMPER_EXPORT int32_t temper_cpu_primitive(void* engine, PrimitiveParameters* parameters, const void* input,
                                           const void* upstream, void* output) {
  PrimitiveParameters& p = *parameters;
  PrimitiveJob job = {p, matrix(input, p.input_stride, p.input_dtype, p.classes),
                      matrix(upstream, p.upstream_stride, p.upstream_dtype, p.classes),
                      matrix(output, p.output_stride, p.output_dtype, p.output_width)};
  p.output = output;
  return run_primitive((Engine*)engine, job) ? 0 : 1;
}

// Returns 0, or 1 if memory is refused.
TEMPER_EXPORT int32_t temper_cpu_top_k(void* engine, const void* logits, int64_t rows, int64_t stride, int32_t classes,
                                       int32_t dtype, int32_t k, double temperature, int32_t* ids, float* log_probs,
                                       float* log_sum_exp, float* mass, float* log_tail) {
  TopKJob job = {matrix(logits, stride, dtype, classes), rows, classes, k, temperature, ids, log_probs, log_sum_exp,
                 mass, log_tail};
  return run_top_k((Engine*)engine, job) ? 0 : 1;
}
