// The distillation loss. One kernel reads every logit once, if the row storage is on chip, and writes every element of
// the gradient once. A specialisation is chosen by macros:
//   TEMPER_KERNEL      name of the entry point
//   TEMPER_STUDENT, TEMPER_GRADIENT   Float32 | BFloat16 | Float16
//   TEMPER_TEACHER     one of these, or Prepared for a teacher that is not given by logits of the student's classes
//   TEMPER_DIVERGENCE  a policy of divergence/all.h
//   TEMPER_SOFT, TEMPER_HARD   0 | 1: the loss has a divergence; the loss has a cross-entropy
//   TEMPER_EXP_REUSE   an ExpReuse; kNone without a soft part
//   TEMPER_PASS        kForward | kForwardBackward | kBackward
//   TEMPER_THREADS     threads per block that compute; a ring has a producer warp beside them
//   TEMPER_LANES       lanes per row (1 ... 32), or 0: a block or a cluster of TEMPER_CLUSTER blocks per row
//   TEMPER_CLUSTER     1 | 2 | 4 | 8 | 16
//   TEMPER_STORAGE     RegisterStorage<vectors per thread> | SharedStorage | RereadStorage |
//                      RingStorage<vectors per thread and stage, BulkCopies | GranuleCopies>
//   TEMPER_TWO_SCALES  0 | 1: the teacher has a temperature of its own
//   TEMPER_SMOOTHING   0 | 1: the labels are smoothed
//   TEMPER_STUDENT_SOFTCAP, TEMPER_TEACHER_SOFTCAP   0 | 1
//   TEMPER_ENTROPIES   0 | 1: the entropies of student and teacher are computed
//   TEMPER_TEMPERATURE_GRADIENT 0 | 1: the derivative with respect to the temperature is computed
//   TEMPER_STANDARDISE 0 | 1: the soft part compares standardised logits
//   TEMPER_ACCUMULATE  0 | 1: the gradient is added to the one in memory
//   TEMPER_MIN_BLOCKS  optional: blocks per multiprocessor that the number of registers must allow
#include "loss/ring.cuh"
#include "specialisation.cuh"
#include "teacher/prepared_rows.cuh"

namespace temper {

struct TEMPER_SPEC {
  using Student = TEMPER_STUDENT;
  using Teacher = TEMPER_TEACHER;
  using Gradient = TEMPER_GRADIENT;
  using Policy = TEMPER_DIVERGENCE<float>;
  using Storage = TEMPER_STORAGE;
  using ThreadGroup = ThreadGroupOf<TEMPER_THREADS, TEMPER_LANES, TEMPER_CLUSTER, Storage::kProducers>;
  static constexpr bool kSoft = TEMPER_SOFT, kHard = TEMPER_HARD;
  static constexpr ExpReuse kExpReuse = ExpReuse::TEMPER_EXP_REUSE;
  static constexpr bool kTwoScales = TEMPER_TWO_SCALES, kSmoothing = TEMPER_SMOOTHING;
  static constexpr bool kStudentSoftcap = TEMPER_STUDENT_SOFTCAP, kTeacherSoftcap = TEMPER_TEACHER_SOFTCAP;
  static constexpr bool kEntropies = TEMPER_ENTROPIES, kStandardise = TEMPER_STANDARDISE;
  static constexpr bool kTemperatureGradient = TEMPER_TEMPERATURE_GRADIENT;
  static constexpr bool kAccumulate = TEMPER_ACCUMULATE;
  static constexpr Pass kPass = Pass::TEMPER_PASS;
};

}  // namespace temper

extern "C" __global__ void TEMPER_CLUSTER_DIMENSIONS(TEMPER_CLUSTER)
    TEMPER_LAUNCH_BOUNDS_OF(TEMPER_THREADS + temper::TEMPER_SPEC::Storage::kProducers)
    TEMPER_KERNEL(const __grid_constant__ temper::LossParameters parameters) {
  using namespace temper;
  if constexpr (TEMPER_SPEC::Storage::kProducers > 0)
    ring_rows<TEMPER_SPEC>(parameters);
  else if constexpr (kSameType<TEMPER_SPEC::Teacher, Prepared>)
    prepared_rows<TEMPER_SPEC>(parameters);
  else
    loss_rows<TEMPER_SPEC>(parameters);
}
