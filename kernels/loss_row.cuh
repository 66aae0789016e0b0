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
  Exponents student = {}, teacher = {}, hard_exponents = {};
  Normaliser<float> normaliser = {};
  float hard_inverse = 0;
  float policy_sums[Policy::kSums] = {};
  bool plain = false, accurate = false;
  float divergence = 0, cross_entropy = 0;

  __device__ __forceinline__ void evaluate() {
    float largest[2] = {-infinity(), -infinity()}, negated_smallest[2] = {-infinity(), -infinity()};
    if constexpr (Spec::Residence::kHeld) find_extrema(largest, negated_smallest);
    Sums sums(largest[0], largest[1], scale);
    // A policy without a cheap route goes by differences of logits: plain exponentials would be off against these.
    if constexpr (Spec::Residence::kHeld && (Policy::kRawSums > 0 || !kSoft))
      plain = sums.can_be_plain(-negated_smallest[0], -negated_smallest[1]);
    float hard_lag = 0;
    if (plain) {
      first_sweep<true>(sums);
      hard_lag = sums.hard_lag();
    } else {
      first_sweep<false>(sums);
    }
    bool student_sound = sound(kSoft ? sums.student : sums.hard);
    bool row_sound = student_sound && (!kSoft || sound(sums.teacher));
    set_shifts(sums.student_exponents.maximum, sums.teacher_exponents.maximum);
    if constexpr (kHard) {
      cross_entropy = student_sound ? (log(sums.hard) - hard_lag) - (sums.label_logit - student.shift) : not_a_number();
      hard_inverse = row_sound ? 1.0f / sums.hard : not_a_number();
    }
    if constexpr (kSoft) {
      normaliser = {1.0f / sums.teacher, 1.0f / sums.student, 0.0f};
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
      if (accurate) evaluate_accurately();
    }
  }

  __device__ __forceinline__ void save(float* statistics) const {
    if (team.index != 0) return;
    statistics[kStudentShift] = student.shift;
    statistics[kStudentInverse] = kSoft ? normaliser.student : hard_inverse;
    statistics[kTeacherShift] = teacher.shift;
    statistics[kTeacherInverse] = normaliser.teacher;
    statistics[kHardInverse] = hard_inverse;
    statistics[kLogRatio] = normaliser.log_ratio;
    statistics[kPolicySum] = policy_sums[Policy::kSums - 1];
    statistics[kRoute] = accurate ? kAccurateRoute : plain ? kPlainRoute : kCarefulRoute;
  }

  __device__ __forceinline__ void restore(const float* statistics) {
    set_shifts(statistics[kStudentShift], statistics[kTeacherShift]);
    normaliser = {statistics[kTeacherInverse], statistics[kStudentInverse], statistics[kLogRatio]};
    hard_inverse = statistics[kHardInverse];
    policy_sums[Policy::kSums - 1] = statistics[kPolicySum];
    accurate = statistics[kRoute] == kAccurateRoute;
    plain = statistics[kRoute] == kPlainRoute;
  }

  template <class GradientView> __device__ __forceinline__ void store_gradient(const GradientView& gradient, GradientFactors factors) {
    if (kSoft && !(normaliser.student == normaliser.student)) factors.soft = not_a_number();
    if (kSoft && accurate)
      gradient_sweep<kAccurate>(gradient, factors);
    else if (plain)
      gradient_sweep<kPlain>(gradient, factors);
    else
      gradient_sweep<kCareful>(gradient, factors);
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

  enum Route { kPlain, kCareful, kAccurate };
  static constexpr float kPlainRoute = 0, kCarefulRoute = 1, kAccurateRoute = 2;   // as statistics keep them

  __device__ __forceinline__ void set_shifts(float student_max, float teacher_max) {
    student = {student_max, scale};
    teacher = {teacher_max, scale};
    hard_exponents = {student_max, kLog2E};
  }

  // Columns that a group has beyond the row's ends hold no logits: they do not make a row's smallest logit -inf.
  __device__ __forceinline__ void find_extrema(float (&largest)[2], float (&negated_smallest)[2]) {
    typename G::Student::Extrema student_extrema;
    typename G::Teacher::Extrema teacher_extrema;
    resident.for_each(row, team, [&](const G& group, int column) {
      if (column >= 0 && column + K <= row.classes) {
        student_extrema.add(group.student);
        if constexpr (kSoft) teacher_extrema.add(group.teacher);
        return;
      }
#pragma unroll
      for (int k = 0; k < K; k++)
        if (unsigned(column + k) < unsigned(row.classes)) {
          student_extrema.add(G::Student::filled(group.student.bits(k)));
          if constexpr (kSoft) teacher_extrema.add(G::Teacher::filled(group.teacher.bits(k)));
        }
    });
    float values[4] = {student_extrema.largest(), teacher_extrema.largest(), -student_extrema.smallest(), -teacher_extrema.smallest()};
    team.template reduce<Max>(values);
    largest[0] = values[0];
    largest[1] = values[1];
    negated_smallest[0] = values[2];
    negated_smallest[1] = values[3];
  }

  // Where the row is at hand the maxima are known. Elsewhere they are taken along, one group ahead of the sums, so that one sweep
  // does; a rise moves the sums, rarely after the first groups.
  template <bool PLAIN> __device__ __forceinline__ void first_sweep(Sums& sums) {
    float maxima[2] = {-infinity(), -infinity()};
    resident.for_each(row, team, [&](const G& group, int column) {
      float z[K], u[K];
      unpack(group, z, u);
      if constexpr (!Spec::Residence::kHeld) {
        float before[2] = {maxima[0], maxima[1]};
#pragma unroll
        for (int k = 0; k < K; k++) {
          maxima[0] = max(maxima[0], z[k]);
          maxima[1] = max(maxima[1], u[k]);
        }
        if (maxima[0] > before[0] || maxima[1] > before[1]) sums.raise(policy, maxima[0], maxima[1], scale);
      }
#pragma unroll
      for (int k = 0; k < K; k++) sums.template add<PLAIN>(policy, z[k], u[k]);
      if (kHard && unsigned(label - column) < unsigned(K))
#pragma unroll
        for (int k = 0; k < K; k++)
          if (column + k == label) sums.label_logit = z[k];
    });
    if constexpr (!Spec::Residence::kHeld) {
      team.template reduce<Max>(maxima);
      sums.raise(policy, maxima[0], maxima[1], scale);
    }
    sums.merge(team);
  }

  // A row of nearly equal distributions, or a divergence without a cheap route. The sums are taken once more: differences of
  // logits know no lag.
  __device__ __forceinline__ void evaluate_accurately() {
    RowShift<float> shift = row_shift(student.shift, teacher.shift, inverse_temperature);
    float again[4] = {0, 0, 0, 0};
    for_each_exponential([&](float z, float u, float es, float et) {
      again[0] += excess(log_ratio(z, u, shift), es, et);
      again[1] += es;
      again[2] += et;
      again[3] += hard_exponential<false>(z, es);
    });
    team.template reduce<Sum>(again);
    if constexpr (kHard) hard_inverse = 1.0f / again[3];
    normaliser = temper::normaliser(again[0], again[1], again[2]);
    for_each_exponential([&](float z, float u, float es, float et) {
      policy.add(policy_sums, element(log_ratio(z, u, shift), es, et, normaliser));
    });
    team.template reduce<Sum>(policy_sums);
    divergence = policy.value(policy_sums);
  }

  template <bool PLAIN> __device__ __forceinline__ float hard_exponential(float z, float tempered) const {
    return Sums::kHardApart ? hard_exponents.of<PLAIN>(z) : temper::hard_exponential<Spec::kHardPower>(tempered);
  }

  template <class F> __device__ __forceinline__ void for_each_exponential(F f) {
    resident.for_each(row, team, [&](const G& group, int) {
      float z[K], u[K];
      unpack(group, z, u);
#pragma unroll
      for (int k = 0; k < K; k++)
        f(z[k], u[k], student.of<false>(z[k]), teacher.of<false>(u[k]));
    });
  }

  template <Route ROUTE, class GradientView>
  __device__ __forceinline__ void gradient_sweep(const GradientView& view, GradientFactors factors) {
    constexpr bool kPlainExponents = ROUTE == kPlain;
    RowShift<float> shift = row_shift(student.shift, teacher.shift, inverse_temperature);
    float student_factor = factors.soft * normaliser.student, teacher_factor = factors.soft * normaliser.teacher;
    float hard_factor = factors.hard * hard_inverse;
    resident.for_each(row, team, [&](const G& group, int column) {
      float z[K], u[K], gradient[K];
      unpack(group, z, u);
#pragma unroll
      for (int k = 0; k < K; k++) {
        float es = 0;
        gradient[k] = 0;
        if constexpr (kSoft) {
          es = student.of<kPlainExponents>(z[k]);
          float et = teacher.of<kPlainExponents>(u[k]);
          if constexpr (ROUTE == kAccurate)
            gradient[k] = factors.soft * policy.gradient(element(log_ratio(z[k], u[k], shift), es, et, normaliser), policy_sums);
          else if constexpr (Policy::kRawSums > 0)
            gradient[k] = policy.cheap_gradient(es, et, student_factor, teacher_factor);
          else
            gradient[k] = factors.soft;   // without a cheap route only poisoned rows come here: NaN
        }
        if constexpr (kHard) gradient[k] = fma(hard_exponential<kPlainExponents>(z[k], es), hard_factor, gradient[k]);
      }
      // The label's class once more, with the 1 taken off before the factor and before rounding to the gradient's type.
      if (kHard && unsigned(label - column) < unsigned(K))
#pragma unroll
        for (int k = 0; k < K; k++)
          if (column + k == label) gradient[k] -= factors.hard;
      view.store(GradientView::P::of(gradient), column);
    });
  }
};

}  // namespace temper
