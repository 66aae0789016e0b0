// The arguments of one call. The structs of parameters are filled by Java: LossStruct, PrimitiveStruct and ShapeStruct
// in dev.temper.cpu have the same layout.
#pragma once

#include <stdint.h>

namespace temper {

enum DType : int32_t { kF32 = 0, kF16 = 1, kBf16 = 2 };
enum Divergence : int32_t { kForwardKl = 0, kJensenShannon = 1 };
enum Operation : int32_t { kForward = 0, kForwardBackward = 1, kBackward = 2 };
enum Status : int32_t { kDone = 0, kBadLabel = 1, kBadWeight = 2, kBadTemperature = 3, kNoMemory = 4 };

// A matrix of `width` columns, whose rows are `stride` elements apart.
struct Shape {
  int64_t width;
  int64_t stride;
  int32_t dtype;
  int32_t reserved;
};

struct LossParameters {
  int64_t rows;
  int64_t classes;  // columns from here on are padding
  Shape student, teacher, gradient;
  int32_t label_bytes;  // 4 or 8
  int32_t operation;
  int64_t ignore_index;
  int32_t divergence;
  float divergence_parameter;
  double temperature;
  int32_t temperature_scaling;  // 1: the soft part is multiplied by T^2
  float divergence_complement;  // 1 - divergence_parameter
  double soft_weight, hard_weight;
  double gradient_scale;
  double divisor;  // of totals and gradients; 0: the number of counted rows
  // The call writes the fields from here on.
  int32_t status;
  float bad_value;  // with kBadWeight and kBadTemperature
  int64_t bad_row;
  int64_t bad_label;  // with kBadLabel
  int64_t counted_rows;
  int64_t non_finite_rows;
  double soft, hard;  // weighted and divided
};

// A float in the caller's memory, which may be unaligned.
typedef float UnalignedFloat __attribute__((aligned(1)));

struct LossJob {
  LossParameters* parameters;
  const void* student;
  const void* teacher;
  void* gradient;
  const void* labels;                      // null: the loss has no labels
  const UnalignedFloat* row_weights;       // null: every weight is 1
  const UnalignedFloat* row_temperatures;  // null: every row has the loss's temperature
  UnalignedFloat* row_soft;                // null: not wanted, as with the two below
  UnalignedFloat* row_hard;
  UnalignedFloat* statistics;  // [rows, kStatistics]
  double divisor;
  bool stream_gradient;  // the gradient is written with streaming stores
};

// Statistics of a row, which `forward` saves for `backward`. z are student logits, u teacher logits.
enum Statistic {
  kStudentShift,       // max z, unscaled; 0 stands for -inf
  kStudentInverseSum,  // 1/Ss with Ss = sum exp((z - max z)/T); NaN in a non-finite row, like the other two inverses
  kTeacherShift,       // max u, like kStudentShift
  kTeacherInverseSum,  // 1/St with St = sum exp((u - max u)/T)
  kHardInverseSum,     // 1 / sum exp(z - max z)
  kLogSumRatio,        // near-equal path: log(Ss/St); fast path of a centred divergence: log2(Ss/St)
  kPolicySum,          // the last of the policy's row sums, for Jensen-Shannon KL(q, m)
  kPath,               // 0 fast path, 1 near-equal path
  kStatistics
};

// The sums over a chunk of rows, before part weights and divisor are applied.
struct Partial {
  double soft, hard;
  int64_t non_finite;
};

enum Primitive : int32_t { kSoftmax = 0, kLogSoftmax = 1, kLogSoftmaxBackward = 2, kArgmax = 3 };

struct PrimitiveParameters {
  int64_t rows;
  int64_t classes;
  Shape input, upstream, output;  // upstream: kLogSoftmaxBackward only
  double temperature;
  int32_t primitive;
  int32_t output_bytes;  // kArgmax: 4 or 8
};

struct PrimitiveJob {
  const PrimitiveParameters* parameters;
  const void* input;
  const void* upstream;
  void* output;  // kArgmax: one index per row
};

// Work arrays of one thread.
struct Scratch {
  // One element per class.
  float* student_exp;
  float* teacher_exp;
  float* hard_exp;
  float* log_ratio;  // difference of shifted logits, then the divergence's slope or log ratio
  // One element per block: the maxima that were subtracted from the block's logits.
  float* student_shift;
  float* teacher_shift;
};

// Rows are processed in blocks of this many classes, so that a block's floats stay in the first-level cache.
constexpr int kBlock = 1024;

// The functions compiled for one instruction set. They process rows [first, last).
struct Variant {
  const char* name;
  void (*loss)(const LossJob&, const Scratch&, int64_t first, int64_t last, Partial&);
  void (*primitive)(const PrimitiveJob&, int64_t first, int64_t last);
};

}  // namespace temper
