// Structs that the host passes to the kernels by value. Every field has the same size and offset on host and device.
#pragma once

#if defined(__CUDACC_RTC__)
typedef int int32_t;
typedef unsigned int uint32_t;
typedef unsigned short uint16_t;
typedef unsigned char uint8_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
typedef unsigned long long uintptr_t;
#else
#include <stdint.h>
#endif

namespace temper {

// Result of the check kernel. A bad_ field holds ~row of the first invalid row: 0 means none, and the largest ~row is
// the first row. The status is zero before a launch; the totals kernel clears it for the next launch.
struct BatchStatus {
  uint64_t bad_label, bad_weight, bad_temperature;
  uint64_t counted_rows;
};

// Weighted sums over all rows, divided by the divisor of the reduction.
struct BatchTotals {
  double total, soft, hard;
  int64_t counted_rows, non_finite_rows;
};

// The mapped result slot: all that the host reads back from a launch.
struct BatchReport {
  BatchStatus status;
  BatchTotals totals;
};

// Partial sums of one block of the totals kernel. The two counts are exact, because they stay below 2^53.
struct TotalsPart {
  double soft, hard, counted, non_finite;
};

// Columns of the row statistics, which a forward pass saves for a later backward pass. z are student logits, u teacher
// logits. The inverse sums of a non-finite row are NaN.
enum RowStatistic {
  kStudentShift,       // max z; 0 if that is -inf
  kStudentInverseSum,  // 1/Ss with Ss = sum exp((z - max z)/T)
  kTeacherShift,       // max u; 0 if that is -inf
  kTeacherInverseSum,  // 1/St with St = sum exp((u - max u)/T)
  kHardInverseSum,     // 1 / sum exp(z - max z)
  kLogSumRatio,        // near-equal path: log(Ss/St); other paths of a divergence without raw sums: log2(Ss/St)
  kPolicySum,          // last of the policy's sums over the row
  kPath,               // 0 fast, 1 exact-shift, 2 near-equal path (loss_row.cuh)
  kRowStatistics
};

// The divisor of the gradient and the totals: a number from the host, or the count that the check kernel made.
enum DivisorKind : int32_t { kDivisorGiven = 0, kDivisorCountedRows = 1 };

struct LossParameters {
  const void* student;            // [rows, >= classes]
  const void* teacher;            // [rows, >= classes]; null without a soft part
  void* gradient;                 // [rows, gradient_width]; null in a forward pass
  const void* labels;             // [rows], int32 or int64; null: no labels
  const float* row_weights;       // [rows]; null: every weight is 1
  const float* row_temperatures;  // [rows]; null: every row has `temperature`
  float* row_soft;                // [rows], T^2 D; null only in a backward pass, because totals are sums of these
  float* row_hard;                // [rows], cross-entropy; null only in a backward pass
  float* statistics;              // [rows, kRowStatistics]; null in a forward pass that does not save them
  BatchStatus* status;            // null: the check kernel was not launched and every row counts
  BatchReport* report;            // totals kernel only: mapped host memory
  uint64_t* finished_blocks;      // totals kernel only: number of finished blocks, zero before a launch
  TotalsPart* parts;              // totals kernel only: one per block
  int64_t rows;
  int64_t student_stride, teacher_stride, gradient_stride, statistics_stride;  // in elements
  int64_t ignore_index;
  double divisor;  // kDivisorGiven only
  double gradient_scale;
  double soft_weight, hard_weight;
  int32_t classes;         // columns from here on are padding
  int32_t gradient_width;  // columns of the gradient; zeros are written to its padding
  int32_t label_bytes;     // 4 or 8
  int32_t divisor_kind;
  int32_t temperature_scaling;  // 1: the soft part is multiplied by T^2
  float temperature;
  float divergence_parameter;   // beta of a divergence that has one
  float divergence_complement;  // 1 - divergence_parameter, rounded from f64
};

struct PrimitiveParameters {
  const void* input;     // [rows, >= classes]
  const void* upstream;  // log-softmax backward only: gradient with respect to the log-probabilities
  void* output;          // [rows, output_width]; argmax: [rows] integers of index_bytes
  int64_t rows;
  int64_t input_stride, upstream_stride, output_stride;  // in elements
  int32_t classes;
  int32_t output_width;  // columns of the output; zeros are written to its padding
  float temperature;
  int32_t index_bytes;  // argmax only: 4 or 8
};

struct ProbeParameters {
  const uint32_t* input;
  uint32_t* output;
  int64_t count;  // items, rounds or words, depending on the operation
  int32_t operation;
  int32_t reserved;
};

}  // namespace temper
