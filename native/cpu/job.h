// The jobs that the functions of an instruction set execute: each is one call from Java.
#pragma once

#include "../../kernels/row_semantics.h"

namespace temper {

// A matrix of floats of one dtype in the caller's memory, which may be unaligned.
struct Matrix {
  const void* base;
  int64_t stride;  // in elements
  int32_t dtype;   // DTypeCode
  int32_t width;   // number of columns; in an output with the padding, which is written too
};

// A float in the caller's memory, which may be unaligned.
typedef float UnalignedFloat __attribute__((aligned(1)));
typedef unsigned short UnalignedHalf __attribute__((aligned(1)));  // the bits of an f16 or bf16

struct LossJob {
  const LossParameters& parameters;
  Matrix student, teacher, gradient;
  const UnalignedFloat* row_weights;       // null: every weight is 1
  const UnalignedFloat* row_temperatures;  // null: every row has the loss's temperature
  UnalignedFloat* row_soft;                // null: not written, like the outputs below
  UnalignedFloat* row_hard;
  UnalignedFloat* row_label_log_prob;
  UnalignedFloat* row_student_entropy;
  UnalignedFloat* row_teacher_entropy;
  UnalignedFloat* row_student_mass;
  UnalignedFloat* row_teacher_mass;
  UnalignedFloat* row_unmapped_mass;
  UnalignedFloat* statistics;  // [rows, kRowStatistics]
  GradientFactors factors;     // the factors of a row with weight 1 and T = 1
  bool stream_gradient;        // the gradient is written with streaming stores
  bool teacher_is_flat;        // the teacher is a standardised mixture, and one of its teachers has equal logits

  bool soft() const { return parameters.soft_weight > 0; }
  // The label's log-probability needs the sum of the hard part, even if that part has no weight.
  bool hard() const { return parameters.hard_weight > 0 || row_label_log_prob != nullptr; }
};

// The sums over a chunk of rows, before part weights and divisors are applied.
struct ChunkTotals {
  double soft, hard, temperature_gradient;
  int64_t non_finite;
  uint64_t bad_mass;  // as in BatchStatus
};

struct PrimitiveJob {
  const PrimitiveParameters& parameters;
  Matrix input, upstream, output;
};

typedef int32_t UnalignedInt __attribute__((aligned(1)));

// The k most probable classes of each row: see TopKLists.java.
struct TopKJob {
  Matrix logits;
  int64_t rows;
  int32_t classes, k;
  double temperature;
  UnalignedInt* ids;          // [rows, k]
  UnalignedFloat* log_probs;  // [rows, k]
  UnalignedFloat* log_sum_exp;
  UnalignedFloat* mass;
  UnalignedFloat* log_tail;
};

// Work arrays of one thread.
struct Scratch {
  // Arrays with one element per class.
  float* student_exp;
  float* teacher_exp;
  float* hard_exp;
  float* log_ratio;  // difference of exponents, then the divergence's slope or log ratio
  float* teacher_row;  // logits of the teacher, if its row is prepared
  // Arrays with one element per block: the maxima that were subtracted from the block's logits.
  float* student_shift;
  float* teacher_shift;
};

// Rows are processed in blocks of this many classes. A block's floats fit into the first-level cache.
constexpr int kBlock = 1024;

// The functions compiled for one instruction set. They process rows [first, last).
struct Variant {
  const char* name;
  const char* const* divergences;  // names of the policies in the order of the list, then null
  void (*loss)(const LossJob&, const Scratch&, int64_t first, int64_t last, ChunkTotals&);
  void (*primitive)(const PrimitiveJob&, int64_t first, int64_t last);
  void (*top_k)(const TopKJob&, int64_t first, int64_t last);
  int64_t (*check_lists)(const LossJob&, int64_t first, int64_t last);  // first row with an invalid list, or -1
};

}  // namespace temper
