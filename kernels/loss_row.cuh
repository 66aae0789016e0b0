// One row of the distillation loss: sweeps over the resident row, knowing no divergence by name (see divergence/policy.h).
#pragma once

#include "residence.cuh"
#include "row_sums.cuh"
#include "divergence/policy.h"

namespace temper {

// The factors of one row's gradient: dL/dz = soft * dD/ds + hard * (r - onehot).
struct GradientFactors {
  float soft, hard;
};

template <class Spec> struct LossRow {
  using Policy = typename Spec::Policy;
  using Team = typename Spec::Team;
  using R = Grouping<typename Spec::Student, typename Spec::Teacher, Spec::kSoft>;
  using Resident = typename Spec::Residence::template Of<R, Team>;
  using Sums = RowSums<Policy, Spec::kSoft, Spec::kHard, Spec::kHardPower>;
  static constexpr int K = R::K;
  static constexpr bool kSoft = Spec::kSoft, kHard = Spec::kHard;

  const Policy& policy;
  Team& team;
  const R& row;
  Resident& resident;
  float inverse_temperature;
  int label;            // -1: none
  float scale = inverse_temperature * kLog2E;

  // The row's constants, after evaluate() or restore().
  float student_shift = 0, teacher_shift = 0, hard_inverse = 0;
  Normaliser<float> normaliser = {};
  float policy_sums[Policy::kSums] = {};
  bool accurate = false;
  float divergence = 0, cross_entropy = 0;

  __device__ __forceinline__ void evaluate() {
    Sums sums;
    first_sweep(sums);
    bool student_sound = sound(kSoft ? sums.student : sums.hard);
    bool row_sound = student_sound && (!kSoft || sound(sums.teacher));
    student_shift = sums.student_shift;
    teacher_shift = sums.teacher_shift;
    normaliser = {1.0f / sums.teacher, 1.0f / sums.student, 0.0f};
    if constexpr (kHard) {
      cross_entropy = student_sound ? log(sums.hard) - (sums.label_logit - student_shift) : not_a_number();
      hard_inverse = row_sound ? 1.0f / sums.hard : not_a_number();
    }
    if constexpr (kSoft) {
      if (!row_sound) {
        normaliser = {not_a_number(), not_a_number(), 0.0f};
        divergence = not_a_number();
        return;
      }
      if constexpr (Policy::kRawSums > 0) {
        divergence = policy.raw_value(sums.raw, sums.student, sums.teacher, kLn2);
        accurate = divergence < kNearlyEqual;
      } else {
        accurate = true;
      }
      if (accurate) evaluate_accurately(sums);
    }
  }

  __device__ __forceinline__ void save(float* statistics) const {
    if (team.index != 0) return;
    statistics[kStudentShift] = student_shift;
    statistics[kStudentInverse] = kSoft ? normaliser.student : hard_inverse;
    statistics[kTeacherShift] = teacher_shift;
    statistics[kTeacherInverse] = normaliser.teacher;
    statistics[kHardInverse] = hard_inverse;
    statistics[kLogRatio] = normaliser.log_ratio;
    statistics[kPolicySum] = policy_sums[Policy::kSums - 1];
    statistics[kRoute] = accurate ? 1.0f : 0.0f;
  }

  __device__ __forceinline__ void restore(const float* statistics) {
    student_shift = statistics[kStudentShift];
    teacher_shift = statistics[kTeacherShift];
    normaliser = {statistics[kTeacherInverse], statistics[kStudentInverse], statistics[kLogRatio]};
    hard_inverse = statistics[kHardInverse];
    policy_sums[Policy::kSums - 1] = statistics[kPolicySum];
    accurate = statistics[kRoute] != 0.0f;
  }

  template <class GradientView> __device__ __forceinline__ void store_gradient(const GradientView& gradient, GradientFactors factors) {
    if (kSoft && !(normaliser.student == normaliser.student)) factors.soft = not_a_number();
    if (accurate)
      gradient_sweep<true>(gradient, factors);
    else
      gradient_sweep<false>(gradient, factors);
  }

 private:
  using G = typename R::G;

  __device__ __forceinline__ void unpack(const G& group, float (&z)[K], float (&u)[K]) const {
    group.student.unpack(z);
    if constexpr (kSoft)
      group.teacher.unpack(u);
    else
#pragma unroll
      for (int k = 0; k < K; k++) u[k] = 0;
  }

  __device__ __forceinline__ static float largest(const float (&values)[K], float start) {
#pragma unroll
    for (int k = 0; k < K; k++) start = max(start, values[k]);
    return start;
  }

  // Where the row is at hand at no cost, the maxima come first. Elsewhere they are taken along, one group ahead of the sums,
  // so that one sweep does; a rise moves the sums, rarely after the first groups.
  __device__ __forceinline__ void first_sweep(Sums& sums) {
    constexpr bool kMaximaFirst = Spec::Residence::kHeld;
    float maxima[2] = {-infinity(), -infinity()};
    if constexpr (kMaximaFirst) {
      resident.for_each(row, team, [&](const G& group, int) {
        float z[K], u[K];
        unpack(group, z, u);
        maxima[0] = largest(z, maxima[0]);
        maxima[1] = largest(u, maxima[1]);
      });
      team.template reduce<Max>(maxima);
      sums.raise(policy, maxima[0], maxima[1], scale);
    }
    resident.for_each(row, team, [&](const G& group, int column) {
      float z[K], u[K];
      unpack(group, z, u);
      if constexpr (!kMaximaFirst) {
        float student_max = largest(z, sums.student_max), teacher_max = largest(u, sums.teacher_max);
        if (student_max > sums.student_max || teacher_max > sums.teacher_max)
          sums.raise(policy, student_max, teacher_max, scale);
      }
#pragma unroll
      for (int k = 0; k < K; k++) sums.add(policy, z[k], u[k], scale);
      if (kHard && unsigned(label - column) < unsigned(K))
#pragma unroll
        for (int k = 0; k < K; k++)
          if (column + k == label) sums.label_logit = z[k];
    });
    if constexpr (!kMaximaFirst) {
      maxima[0] = sums.student_max;
      maxima[1] = sums.teacher_max;
      team.template reduce<Max>(maxima);
      sums.raise(policy, maxima[0], maxima[1], scale);
    }
    sums.merge(team);
  }

  // A row of nearly equal distributions, or a divergence without a cheap route.
  __device__ __forceinline__ void evaluate_accurately(const Sums& sums) {
    RowShift<float> shift = row_shift(student_shift, teacher_shift, inverse_temperature);
    float excess_sum[1] = {0};
    for_each_exponential([&](float z, float u, float es, float et) { excess_sum[0] += excess(log_ratio(z, u, shift), es, et); });
    team.template reduce<Sum>(excess_sum);
    normaliser = temper::normaliser(excess_sum[0], sums.student, sums.teacher);
    for_each_exponential([&](float z, float u, float es, float et) {
      policy.add(policy_sums, element(log_ratio(z, u, shift), es, et, normaliser));
    });
    team.template reduce<Sum>(policy_sums);
    divergence = policy.value(policy_sums);
  }

  template <class F> __device__ __forceinline__ void for_each_exponential(F f) {
    resident.for_each(row, team, [&](const G& group, int) {
      float z[K], u[K];
      unpack(group, z, u);
#pragma unroll
      for (int k = 0; k < K; k++)
        f(z[k], u[k], exp2((z[k] - student_shift) * scale), exp2((u[k] - teacher_shift) * scale));
    });
  }

  template <bool ACCURATE, class GradientView>
  __device__ __forceinline__ void gradient_sweep(const GradientView& view, GradientFactors factors) {
    RowShift<float> shift = row_shift(student_shift, teacher_shift, inverse_temperature);
    resident.for_each(row, team, [&](const G& group, int column) {
      float z[K], u[K], gradient[K];
      unpack(group, z, u);
#pragma unroll
      for (int k = 0; k < K; k++) {
        float shifted = z[k] - student_shift, es = 0;
        gradient[k] = 0;
        if constexpr (kSoft) {
          es = exp2(shifted * scale);
          float et = exp2((u[k] - teacher_shift) * scale);
          Element<float> e = ACCURATE ? element(log_ratio(z[k], u[k], shift), es, et, normaliser) : cheap_element(es, et, normaliser);
          gradient[k] = factors.soft * policy.gradient(e, policy_sums);
        }
        if constexpr (kHard) gradient[k] += factors.hard * (hard_exponential<Spec::kHardPower>(shifted, es) * hard_inverse);
      }
      // The label's class once more, with the 1 taken off before the factor and before rounding to the gradient's type.
      if (kHard && unsigned(label - column) < unsigned(K))
#pragma unroll
        for (int k = 0; k < K; k++)
          if (column + k == label) gradient[k] -= factors.hard;
      view.store(GradientView::P::of(gradient), column, 0, row.classes);
    });
  }
};

}  // namespace temper
