// The distillation loss of a teacher that is given by lists of classes. One kernel reads every logit of the student
// once, if the row storage is on chip, the logits of the listed classes a few times more, and writes every element of
// the gradient once. The macros of a specialisation are those of loss.cu. TEMPER_DIVERGENCE is one of the policies that
// kKnownForLists names. TEMPER_TEACHER, TEMPER_SOFT, TEMPER_EXP_REUSE, TEMPER_TWO_SCALES, TEMPER_TEACHER_SOFTCAP,
// TEMPER_TEMPERATURE_GRADIENT and TEMPER_STANDARDISE have no effect.
#include "specialisation.cuh"
#include "teacher/list_rows.cuh"

namespace temper {

struct TEMPER_SPEC {
  using Student = TEMPER_STUDENT;
  using Teacher = TEMPER_TEACHER;
  using Gradient = TEMPER_GRADIENT;
  using Policy = TEMPER_DIVERGENCE<float>;
  using ThreadGroup = ThreadGroupOf<TEMPER_THREADS, TEMPER_LANES, TEMPER_CLUSTER>;
  using Storage = TEMPER_STORAGE;
  static constexpr bool kSoft = true, kHard = TEMPER_HARD, kSmoothing = TEMPER_SMOOTHING;
  static constexpr bool kStudentSoftcap = TEMPER_STUDENT_SOFTCAP, kEntropies = TEMPER_ENTROPIES;
  static constexpr bool kAccumulate = TEMPER_ACCUMULATE, kTemperatureGradient = false;
  static constexpr Pass kPass = Pass::TEMPER_PASS;
  static_assert(kKnownForLists<Policy>, "the divergence is known for lists");
};

}  // namespace temper

extern "C" __global__ void TEMPER_CLUSTER_DIMENSIONS(TEMPER_CLUSTER) TEMPER_LAUNCH_BOUNDS
    TEMPER_KERNEL(const __grid_constant__ temper::LossParameters parameters) {
  temper::list_rows<temper::TEMPER_SPEC>(parameters);
}
