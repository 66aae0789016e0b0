// What one call asks for: the struct that crosses from Java (CpuParameters mirrors it), and the pointers beside it.
#pragma once

#include <stdint.h>

namespace temper {

enum DType : int32_t { kF32 = 0, kF16 = 1, kBf16 = 2 };
enum Divergence : int32_t { kForwardKl = 0, kJensenShannon = 1 };
enum Operation : int32_t { kForward = 0, kForwardBackward = 1, kBackward = 2 };
enum Status : int32_t { kDone = 0, kBadLabel = 1, kBadWeight = 2, kBadTemperature = 3, kNoMemory = 4 };

// One matrix: rows are `stride` elements apart, `width` of them exist.
struct Shape {
  int64_t width;
  int64_t stride;
  int32_t dtype;
  int32_t reserved;
};

struct LossParameters {
  int64_t rows;
  int64_t classes;           // columns from here on are padding
  Shape student, teacher, gradient;
  int32_t label_bytes;       // 4 or 8
  int32_t operation;
  int64_t ignore_index;
  int32_t divergence;
  float divergence_parameter;
  double temperature;
  int32_t temperature_scaling;
  float divergence_complement;   // 1 - divergence_parameter
  double soft_weight, hard_weight;
  double gradient_scale;
  double divisor;            // of sums and gradients; 0: the number of counted rows
  // Written by the call.
  int32_t status;
  float bad_value;           // kBadWeight, kBadTemperature
  int64_t bad_row;
  int64_t bad_label;         // kBadLabel
  int64_t counted_rows;
  int64_t non_finite_rows;
  double soft, hard;         // weighted and divided
};

// A float in the caller's memory, at any address.
typedef float CallersFloat __attribute__((aligned(1)));

struct LossJob {
  LossParameters* parameters;
  const void* student;
  const void* teacher;
  void* gradient;
  const void* labels;
  const CallersFloat* row_weights;
  const CallersFloat* row_temperatures;
  CallersFloat* row_soft;
  CallersFloat* row_hard;
  CallersFloat* statistics;         // kStatistics per row
  double divisor;
  bool stream_gradient;
};

// Row statistics, as `forward` leaves them for `backward`.
enum Statistic {
  kStudentMax,           // max z, unscaled; 0 stands for -inf
  kStudentInverse,       // 1 / sum exp((z - max)/T); NaN in a poisoned row, like the other two
  kTeacherMax,
  kTeacherInverse,
  kHardInverse,          // 1 / sum exp(z - max)
  kLogRatio,             // log(Ss/St) on the accurate route
  kPolicySum,            // the policy's last row sum (Jensen-Shannon: KL(q, m))
  kRoute,                // 0 cheap, 1 accurate
  kStatistics
};

// What a chunk of rows adds to the totals, before weights of the parts and division.
struct Partial {
  double soft, hard;
  int64_t non_finite;
};

enum Primitive : int32_t { kSoftmax = 0, kLogSoftmax = 1, kLogSoftmaxBackward = 2, kArgmax = 3 };

struct PrimitiveParameters {
  int64_t rows;
  int64_t classes;
  Shape input, upstream, output;   // upstream: kLogSoftmaxBackward only
  double temperature;
  int32_t primitive;
  int32_t output_bytes;            // kArgmax: 4 or 8
};

struct PrimitiveJob {
  const PrimitiveParameters* parameters;
  const void* input;
  const void* upstream;
  void* output;              // kArgmax: one index per row
};

// Rows of floats that one thread works in; row capacity counts elements.
struct Scratch {
  float* student_exp;
  float* teacher_exp;
  float* hard_exp;
  float* log_ratio;
  float* student_shift;      // per block
  float* teacher_shift;
};

constexpr int kBlock = 1024;

// One instruction set's code.
struct Variant {
  const char* name;
  void (*loss)(const LossJob&, const Scratch&, int64_t first, int64_t last, Partial&);
  void (*primitive)(const PrimitiveJob&, int64_t first, int64_t last);
};

}  // namespace temper
