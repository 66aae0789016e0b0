// What crosses from the host to the kernels, by value. Every field has the same size and offset on host and device.
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

// What the check kernel finds. Zero when a launch begins: the totals kernel leaves it so for the next one. Rows are kept as ~row,
// so that 0 means none and the largest value names the first row.
struct BatchStatus {
  uint64_t bad_label, bad_weight, bad_temperature;
  uint64_t counted_rows;
};

// Sums over rows, weighted and divided, as the totals kernel leaves them.
struct BatchTotals {
  double total, soft, hard;
  int64_t counted_rows, non_finite_rows;
};

// All that the host reads of a launch.
struct BatchReport {
  BatchStatus status;
  BatchTotals totals;
};

// What a block of the totals kernel adds up; the counts are below 2^53.
struct TotalsPart {
  double soft, hard, counted, non_finite;
};

// Per row, what a forward pass saves for a later backward: eight floats.
enum RowStatistic {
  kStudentShift,     // max z, 0 where that is -inf
  kStudentInverse,   // 1 / sum exp((z - max)/T); NaN in a poisoned row, like the other two
  kTeacherShift,
  kTeacherInverse,
  kHardInverse,      // 1 / sum exp(z - max)
  kLogRatio,         // log(Ss/St) on the accurate route; log2 of it where the divergence has ratios (policy.h)
  kPolicySum,        // the policy's last row sum
  kRoute,            // 0 plain, 1 careful, 2 accurate exponentials (loss_row.cuh)
  kRowStatistics
};

// The divisor of a mean is known on the device only.
enum DivisorKind : int32_t { kDivisorGiven = 0, kDivisorCountedRows = 1 };

struct LossParameters {
  const void* student;             // [rows, >= classes]
  const void* teacher;             // null where the soft part is off
  void* gradient;                  // null in a forward pass
  const void* labels;              // [rows], int32 or int64; null = none
  const float* row_weights;        // [rows]; null = 1
  const float* row_temperatures;   // [rows]; null = temperature
  float* row_soft;                 // [rows]: T^2 D; null = not wanted; a forward pass has both, which the totals are made of
  float* row_hard;                 // [rows]: cross-entropy; ditto
  float* statistics;               // [rows, kRowStatistics]; null = not wanted
  BatchStatus* status;             // null = nothing was to be checked, all rows count
  BatchReport* report;             // totals kernel only; host memory
  uint64_t* finished_blocks;       // ditto; zero when a launch begins, like the status
  TotalsPart* parts;               // ditto: one per block
  int64_t rows;
  int64_t student_stride, teacher_stride, gradient_stride, statistics_stride;   // in elements
  int64_t ignore_index;
  double divisor;                  // with kDivisorGiven
  double gradient_scale;
  double soft_weight, hard_weight;
  int32_t classes;                 // real classes; columns from here on are padding
  int32_t gradient_width;          // columns of the gradient; the padding is written as 0
  int32_t label_bytes;             // 4 or 8
  int32_t divisor_kind;
  int32_t temperature_scaling;     // T^2 on (1) or off (0)
  float temperature;
  float divergence_parameter, divergence_complement;   // 1 - the former
};

struct PrimitiveParameters {
  const void* input;               // [rows, >= classes]
  const void* upstream;            // log-softmax backward: gradient by the log-probabilities
  void* output;                    // [rows, >= classes]; argmax: [rows] of index_bytes
  int64_t rows;
  int64_t input_stride, upstream_stride, output_stride;
  int32_t classes;
  int32_t output_width;            // columns of the output; those beyond classes are written as 0
  float temperature;
  int32_t index_bytes;             // argmax: 4 or 8
};

struct ProbeParameters {
  const uint32_t* input;
  uint32_t* output;
  int64_t count;                   // items, rounds or words, as the operation has it
  int32_t operation;
  int32_t reserved;
};

}  // namespace temper
