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

enum DTypeCode : int32_t { kF32, kF16, kBf16 };

enum PassKind : int32_t { kForwardPass, kForwardBackwardPass, kBackwardPass };

// The parts to which a row adds nothing if its label is ignore_index.
enum IgnoreScope : int32_t { kIgnoreBothParts, kIgnoreHardPart };

// The tensors that depend on the temperature by which a derivative is taken. A teacher with a temperature of its own
// does not depend on it.
enum TemperatureGradient : int32_t { kNoTemperatureGradient, kOfBothTensors, kOfStudent };

// Where the divisor of a part comes from: the host, the count of labelled rows, or one float in device memory.
enum DivisorKind : int32_t { kDivisorGiven, kDivisorLabelledRows, kDivisorOnDevice };

// What the classes without a slot mean, if the teacher is given by lists: see dev.temper.Tail.
enum TeacherTail : int32_t { kTruncate, kRenormaliseTeacher, kRenormaliseBoth, kBucket };

constexpr int kMostSlots = 256;  // slots of a row of a list

// What a row of the teacher holds: see dev.temper.Teacher. Rows of other forms than logits are prepared: turned into a
// row of logits with one column for each class (teacher/prepare.h).
enum TeacherForm : int32_t { kTeacherLogits, kTeacherLogProbabilities, kTeacherProbabilities, kTeacherMixture,
                             kTeacherClassMap };

constexpr int kMostMixed = 8;  // teachers of a mixture

// Result of the check of all rows. A bad_ field holds ~row of the first invalid row: 0 means none, and the largest ~row
// is the first row. On a GPU the status is zero before a launch, and the kernel that writes the report clears it for
// the next launch.
struct BatchStatus {
  uint64_t bad_label, bad_weight, bad_temperature;
  uint64_t bad_teacher;    // an invalid list, row index or class map
  uint64_t bad_mass;       // probabilities that do not sum to 1, which the loss finds when it reads the row
  uint64_t labelled_rows;  // rows whose label is not ignore_index; every row of a loss without labels
};

// Weighted sums over all rows, each divided by the divisor of its part.
struct BatchTotals {
  double total, soft, hard;
  double temperature_gradient;  // derivative of `soft` with respect to the temperature
  int64_t counted_rows;       // rows that are not ignored
  int64_t hard_counted_rows;  // rows whose label is not ignore_index; every row of a loss without labels
  int64_t non_finite_rows;
  int64_t bad_denominators;  // bit 0: soft_denominator is not positive and finite, bit 1: hard_denominator
};

// The mapped result slot: all that the host reads back from a launch.
struct BatchReport {
  BatchStatus status;
  BatchTotals totals;
};

// Factors of the batch of a linear head, which its matrix products and the losses of its chunks read from device
// memory. After an invalid value of the batch, alpha and beta leave the result of a product as it is.
struct HeadFactors {
  float alpha;           // of the products that compute gradients
  float overwrite_beta;  // of a product that overwrites its result: 0, or 1 after an invalid value
  float add_beta;        // of a product that adds to its result: 1
  float soft_divisor, hard_divisor;  // remain in the gradient of a chunk; NaN after an invalid value
};

// Sums over some of the rows. The count is exact, because it stays below 2^53.
struct TotalsPart {
  double soft, hard, temperature_gradient, non_finite;
};

// Columns of the row statistics, which a forward pass saves for a later backward pass. z are student logits, u teacher
// logits. T is the temperature of the tensor. The inverse sums of a row without a softmax are NaN.
enum RowStatistic {
  kStudentShift,       // max z; 0 if that is -inf
  kStudentInverseSum,  // 1/Ss with Ss = sum exp((z - max z)/T)
  kTeacherShift,       // max u; 0 if that is -inf
  kTeacherInverseSum,  // 1/St with St = sum exp((u - max u)/T)
  kHardInverseSum,     // 1 / sum exp(z - max z)
  kLogSumRatio,        // near-equal path: log(Ss/St); other paths of a divergence with ratios: log2(Ss/St), to which
                       // the GPU adds the policy's log2_weights()
  kLogSumRatioBefore,  // near-equal path of the CPU engine: log(Ss/St), to which kLogSumRatio is a correction then
  kLogSumExp,          // log sum exp(z), for the z-loss
  kPresentClasses,     // number of classes with z above -inf, for label smoothing
  kLabelProbability,   // softmax(z) of the label, for a divergence that compares the label with the other classes
  kPath,               // the number of the row's path; each engine numbers its own paths
  kPolicySums,         // kMostPolicySums values
  kMostPolicySums = 4,
  kRowStatistics = 16
};

// The parameters of a loss for the GPU kernels, the emulator and the CPU engine. Addresses are those of the device that
// computes. Fields that select code (dtypes, divergence, pass) have no effect in a kernel specialised at compile time.
struct LossParameters {
  const void* student;            // [rows, >= classes]
  const void* teacher;            // [rows, >= classes]; null without a soft part
  void* gradient;                 // [rows, gradient_width]; null in a forward pass
  const void* labels;             // [rows], int32 or int64; null: no labels
  const float* row_weights;       // [rows]; null: every weight is 1
  const float* row_temperatures;  // [rows]; null: every row has `temperature`
  const float* soft_denominator;  // one float; kDivisorOnDevice only
  const float* hard_denominator;  // one float; kDivisorOnDevice only
  float* row_soft;                // [rows], T^2 D; on a GPU null in a backward pass only, because totals are its sums
  float* row_hard;                // [rows], the hard part; null like row_soft
  float* row_label_log_prob;      // [rows], log softmax(z) of the label; null: not written, like the two below
  float* row_student_entropy;     // [rows], at the student's temperature
  float* row_teacher_entropy;     // [rows], at the teacher's temperature
  // A teacher that is given by lists of classes. `teacher` holds the log-probabilities or weights of the slots then.
  const int32_t* teacher_ids;     // [rows, teacher_slots], -1 in an unused slot; null: the teacher has all classes
  const float* teacher_log_tail;  // [rows], log of the mass outside the slots; null: 1 less the mass of the slots
  float* row_student_mass;        // [rows], mass on the slots; null: not written, like the one below
  float* row_teacher_mass;        // [rows]
  // A teacher of another form. `teacher` holds its log-probabilities or probabilities, or the logits that an index or a
  // map selects from; it is null for a mixture.
  const int32_t* teacher_row_index;  // [rows], row of the teacher; null: the row of the student
  const int32_t* class_map;          // [classes], column of the teacher, -1 for none; kTeacherClassMap only
  uint32_t* columns_taken;           // [teacher_columns / 32, rounded up], bits of the columns in class_map
  float* row_unmapped_mass;          // [rows], mass on the columns that no class takes; null: not written
  const void* mixture_logits[kMostMixed];  // [rows, >= classes] each
  float* row_temperature_gradient;  // [rows], derivative of row_soft with respect to the temperature; GPU only
  float* statistics;              // [rows, kRowStatistics]; null in a forward pass that does not save them
  BatchStatus* status;            // null: the rows are not checked and every row counts
  BatchReport* report;            // GPU: mapped host memory; CPU engine: the caller's memory
  uint64_t* finished_blocks;      // GPU only: finished blocks of the kernel that writes the report, 0 before a launch
  TotalsPart* parts;              // totals kernel only: one per block
  HeadFactors* head_factors;      // factors kernel only
  int64_t rows;
  int64_t first_row;  // place of row 0 in the batch, if the rows are a chunk of it; added to reported rows
  int64_t student_stride, teacher_stride, gradient_stride, statistics_stride;  // in elements; 0 repeats one row
  int64_t mixture_strides[kMostMixed];  // in elements
  int64_t teacher_rows;                 // rows that teacher_row_index may name
  int64_t ignore_index;
  int64_t list_mask_offset;  // GPU, lists only: bytes of a block's shared memory before the masks of its thread groups
  int64_t single_launch;     // GPU: parts of the totals if the loss kernel is the only launch of a call, else 0
  double soft_weight, hard_weight;
  double soft_divisor, hard_divisor;  // kDivisorGiven only
  double gradient_scale;
  double factor_power;                // factors kernel only: a power of 2 that multiplies alpha and the divisors
  int32_t classes;              // columns from here on are padding
  int32_t gradient_width;       // columns of the gradient; zeros are written to its padding
  int32_t label_bytes;          // 4 or 8
  int32_t soft_divisor_kind, hard_divisor_kind;
  int32_t ignore_scope;
  int32_t temperature_scaling;  // 1: the soft part is multiplied by T^2
  int32_t tempered;             // 0: the divergence has no temperature (logit MSE)
  int32_t accumulate;           // 1: the gradient is added to the one in memory
  int32_t standardise;          // 1: logits of the soft part are standardised, each tensor by its own moments
  int32_t soft_cross_entropy;   // 1: the soft part's value is the cross-entropy against the teacher, T^2 (KL + H(p))
  int32_t student_dtype, teacher_dtype, gradient_dtype;
  int32_t divergence;           // place of its policy in the list of divergence/all.h
  int32_t pass;
  int32_t temperature_gradient;  // TemperatureGradient; forward KL only
  int32_t teacher_slots;          // slots of a row of teacher_ids
  int32_t teacher_tail;           // TeacherTail
  int32_t teacher_weights;        // 1: the slots hold weights, 0: log-probabilities
  int32_t teacher_form;           // TeacherForm
  int32_t teacher_columns;        // columns that class_map may name
  int32_t mixture_count;          // teachers of a mixture whose weight is above 0
  int32_t mixture_dtypes[kMostMixed];
  float mixture_weights[kMostMixed];
  float mixture_temperature;      // of the mixed teachers, unless rows have temperatures of their own
  float mixture_softcap;          // of the mixed teachers; 0: none
  float teacher_list_temperature;  // temperature of the log-probabilities in the slots; 0: that of the loss
  float temperature;
  float teacher_temperature;    // equal to `temperature` unless the teacher has its own; 1 for probabilities
  float label_smoothing;
  float z_loss;
  float student_softcap, teacher_softcap;  // 0: none
  float divergence_parameter;              // beta, lambda, the skew, or the weight a of decoupled KL
  float divergence_complement;             // 1 - divergence_parameter, rounded from f64; the weight b of decoupled KL
};

enum PrimitiveKind : int32_t { kSoftmax, kLogSoftmax, kLogSoftmaxBackward, kArgmax };

// The parameters of the operations beside the loss. As in LossParameters, dtypes and operation have no effect in a
// kernel specialised at compile time.
struct PrimitiveParameters {
  const void* input;     // [rows, >= classes]
  const void* upstream;  // log-softmax backward only: gradient with respect to the log-probabilities
  void* output;          // [rows, output_width]; argmax: [rows] integers of index_bytes
  const HeadFactors* head_factors;  // store kernel only; null: the output is always written
  int64_t rows;
  int64_t input_stride, upstream_stride, output_stride;  // in elements
  int32_t classes;
  int32_t output_width;  // columns of the output; zeros are written to its padding
  int32_t index_bytes;   // argmax only: 4 or 8
  int32_t input_dtype, upstream_dtype, output_dtype;
  int32_t primitive;
  float temperature;
};

// The parameters of the kernel that makes lists of the most probable classes of a teacher.
struct TopKParameters {
  const void* logits;  // [rows, >= classes]
  int32_t* ids;        // [rows, k], -1 in an unused slot
  float* log_probs;    // [rows, k], over all classes
  float* log_sum_exp;  // [rows]
  float* mass;         // [rows], sum of the listed probabilities
  float* log_tail;     // [rows], logarithm of the sum of all others
  int64_t rows;
  int64_t stride;  // in elements
  int32_t classes;
  int32_t k;  // at most kMostSlots
  float inverse_temperature;
  int32_t reserved;
};

struct ProbeParameters {
  const uint32_t* input;
  uint32_t* output;
  int64_t count;  // items, rounds or words, depending on the operation
  int32_t operation;
  int32_t reserved;
};

}  // namespace temper
