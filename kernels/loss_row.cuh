// One row of the distillation loss: sweeps over the resident row, knowing no divergence by name (see divergence/policy.h).
#pragma once

#include "row_extrema.cuh"
#include "row_sums.cuh"

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
  RowExponents<kSoft, kHard, Spec::kHardPower> exponents = {};
  Normaliser<float> normaliser = {};
  float hard_inverse = 0;
  float policy_sums[Policy::kSums] = {};
  bool plain = false, accurate = false;
  float divergence = 0, cross_entropy = 0;

  __device__ __forceinline__ void evaluate() {
    float largest[2] = {-infinity(), -infinity()}, negated_smallest[2] = {-infinity(), -infinity()};
    if constexpr (Spec::Residence::kHeld) find_extrema<kSoft>(resident, row, team, largest, negated_smallest);
    Sums sums(largest[0], largest[1], scale);
    if constexpr (Spec::Residence::kHeld) plain = sums.exponents.can_be_plain(-negated_smallest[0], -negated_smallest[1]);
    float hard_lag = 0;
    if (plain) {
      first_sweep<true>(sums);
      hard_lag = sums.exponents.hard_lag();
    } else {
      first_sweep<false>(sums);
    }
    bool student_sound = sound(kSoft ? sums.student : sums.hard);
    bool row_sound = student_sound && (!kSoft || sound(sums.teacher));
    exponents = sums.exponents;
    if constexpr (kHard) {
      cross_entropy = student_sound ? (log(sums.hard) - hard_lag) - (sums.label_logit - exponents.student.shift) : not_a_number();
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
      } else if (plain) {
        evaluate_by_ratios<true>(sums);
      } else {
        evaluate_by_ratios<false>(sums);
      }
      accurate = divergence < policy.nearly_equal();
      if (accurate) evaluate_accurately();
    }
  }

  __device__ __forceinline__ void save(float* statistics) const {
    if (team.index != 0) return;
    statistics[kStudentShift] = exponents.student.shift;
    statistics[kStudentInverse] = kSoft ? normaliser.student : hard_inverse;
    statistics[kTeacherShift] = exponents.teacher.shift;
    statistics[kTeacherInverse] = normaliser.teacher;
    statistics[kHardInverse] = hard_inverse;
    statistics[kLogRatio] = normaliser.log_ratio;
    statistics[kPolicySum] = policy_sums[Policy::kSums - 1];
    statistics[kRoute] = accurate ? kAccurateRoute : plain ? kPlainRoute : kCarefulRoute;
  }

  __device__ __forceinline__ void restore(const float* statistics) {
    exponents = {statistics[kStudentShift], statistics[kTeacherShift], scale};
    normaliser = {statistics[kTeacherInverse], statistics[kStudentInverse], statistics[kLogRatio]};
    hard_inverse = statistics[kHardInverse];
    policy_sums[Policy::kSums - 1] = statistics[kPolicySum];
    accurate = statistics[kRoute] == kAccurateRoute;
    plain = statistics[kRoute] == kPlainRoute;
  }

  // Where `take` says so, and the row has plain exponentials, row `next` is asked for on the way (residence.cuh): what of it, is
  // returned. Others have only one copy of their longer code.
  template <class GradientView>
  __device__ __forceinline__ Interior store_gradient(const GradientView& gradient, GradientFactors factors, const R& next, bool take) {
    if (kSoft && !(normaliser.student == normaliser.student)) factors.soft = not_a_number();
    if (plain && !accurate) {
      Interior interior = gradient.wholes > 0 ? row.interior() : Interior();
      gradient_sweep<kPlain>(gradient, factors, interior, next, take);
      return take ? interior : Interior();
    }
    if (kSoft && accurate)
      gradient_sweep<kAccurate>(gradient, factors, Interior(), row, false);
    else
      gradient_sweep<kCareful>(gradient, factors, Interior(), row, false);
    return Interior();
  }

 private:
  using G = typename R::G;

  enum Route { kPlain, kCareful, kAccurate };
  static constexpr float kPlainRoute = 0, kCarefulRoute = 1, kAccurateRoute = 2;   // as statistics keep them

  // Where the row is at hand the maxima are known. Elsewhere they are taken along, one group ahead of the sums, so that one sweep
  // does; a rise moves the sums, rarely after the first groups.
  template <bool PLAIN> __device__ __forceinline__ void first_sweep(Sums& sums) {
    float maxima[2] = {-infinity(), -infinity()};
    auto take_label = [&](const float (&z)[K], int column) {
      if (unsigned(label - column) < unsigned(K))
#pragma unroll
        for (int k = 0; k < K; k++)
          if (column + k == label) sums.label_logit = z[k];
    };
    // Only plain exponentials gain by knowing that a class is there.
    Interior interior = PLAIN ? row.interior() : Interior();
    resident.for_each(row, team, interior, [&](const G& group, int number, bool inside) {
      float z[K], u[K];
      group.unpack(z, u);
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
      for (int k = 0; k < K; k++) sums.template add<PLAIN>(policy, z[k], u[k], inside);
      if constexpr (kHard && !Spec::Residence::kHeld) take_label(z, row.column(number));
    });
    if constexpr (Spec::Residence::kHeld) {
      if (kHard && label >= 0)
        resident.find(row, team, row.group_of(label), [&](const G& group) {
          float z[K], u[K];
          group.unpack(z, u);
          take_label(z, row.column(row.group_of(label)));
        });
    } else {
      team.template reduce<Max>(maxima);
      sums.raise(policy, maxima[0], maxima[1], scale);
    }
    sums.merge(team);
  }

  // D of a policy that asks for p and q. Two exponentials give p, q and the smaller over the larger.
  template <bool PLAIN> __device__ __forceinline__ void evaluate_by_ratios(const Sums& sums) {
    float log_student = log(sums.student) * kLog2E, log_teacher = log(sums.teacher) * kLog2E;
    normaliser.log_ratio = log_student - log_teacher;
    resident.for_each(row, team, [&](const G& group, int, bool) {
      float z[K], u[K];
      group.unpack(z, u);
#pragma unroll
      for (int k = 0; k < K; k++) {
        float log_q = exponents.student.template exponent<PLAIN>(z[k]) - log_student;
        float log_p = exponents.teacher.template exponent<PLAIN>(u[k]) - log_teacher;
        Ratio<float> ratio = ratio_of<PLAIN>(log_p - log_q);
        float larger = Exponents::power<PLAIN>(max(log_p, log_q)), smaller = larger * ratio.lesser;
        bool teacher_larger = ratio.log2 > 0;
        policy.add_class(policy_sums, teacher_larger ? larger : smaller, teacher_larger ? smaller : larger, policy.slopes(ratio));
      }
    });
    team.template reduce<Sum>(policy_sums);
    policy.finish(policy_sums);
    divergence = policy.value(policy_sums);
  }

  // A row of plain exponentials has no absent class but those beside the row's ends, absent in both: NaN, which max() passes over.
  template <bool PLAIN> __device__ __forceinline__ static Ratio<float> ratio_of(float log2_ratio) {
    float finite = max(log2_ratio, -kFarApart);
    if constexpr (!PLAIN) finite = min(finite, kFarApart);
    return {finite, exp2_normal(-abs(finite))};
  }

  // A row of nearly equal distributions. The sums are taken once more: differences of logits know no lag.
  __device__ __forceinline__ void evaluate_accurately() {
    RowShift<float> shift = row_shift(exponents.student.shift, exponents.teacher.shift, inverse_temperature);
    float again[4] = {0, 0, 0, 0};
    for_each_exponential([&](float z, float u, float es, float et) {
      again[0] += excess(log_ratio(z, u, shift), es, et);
      again[1] += es;
      again[2] += et;
      again[3] += exponents.template hard_exponential<false>(z, es);
    });
    team.template reduce<Sum>(again);
    if constexpr (kHard) hard_inverse = 1.0f / again[3];
    normaliser = temper::normaliser(again[0], again[1], again[2]);
#pragma unroll
    for (int i = 0; i < Policy::kSums; i++) policy_sums[i] = 0;
    for_each_exponential([&](float z, float u, float es, float et) {
      policy.add(policy_sums, element(log_ratio(z, u, shift), es, et, normaliser));
    });
    team.template reduce<Sum>(policy_sums);
    divergence = policy.value(policy_sums);
  }

  // So many columns at a time take the accurate route, long as its code is: more need too many registers.
  static constexpr int kAtOnce = 4;

  template <class F> __device__ __forceinline__ void for_each_exponential(F f) {
    resident.for_each(row, team, [&](const G& group, int, bool) {
      G left = group;
#pragma unroll 1
      for (int k = 0; k < K; k += kAtOnce) {
        float z[kAtOnce], u[kAtOnce];
        left.template take<kAtOnce>().unpack(z, u);
#pragma unroll
        for (int i = 0; i < kAtOnce; i++)
          f(z[i], u[i], exponents.student.template of<false>(z[i]), exponents.teacher.template of<false>(u[i]));
      }
    });
  }

  template <Route ROUTE, class GradientView>
  __device__ __forceinline__ void gradient_sweep(const GradientView& view, GradientFactors factors, Interior interior, const R& next, bool take) {
    constexpr bool kPlainExponents = ROUTE == kPlain, kSumApart = ROUTE == kAccurate || RowExponents<kSoft, kHard, Spec::kHardPower>::kHardApart;
    RowShift<float> shift = row_shift(exponents.student.shift, exponents.teacher.shift, inverse_temperature);
    float student_factor = factors.soft * normaliser.student, teacher_factor = factors.soft * normaliser.teacher;
    float hard_factor = factors.hard * hard_inverse;
    Centring<float> centring = {};
    if constexpr (kSoft && Policy::kCentred) centring = policy.centring(student_factor, policy_sums);
    int label_group = label < 0 ? -1 : row.group_of(label);
    auto store = [&](const G& group, int number, bool inside) {
      float z[K], u[K], gradient[K];
      group.unpack(z, u);
#pragma unroll
      for (int k = 0; k < K; k++) {
        float es = 0;
        gradient[k] = 0;
        if constexpr (kSoft && ROUTE == kAccurate) {
          es = exponents.student.template of<false>(z[k]);
          float et = exponents.teacher.template of<false>(u[k]);
          gradient[k] = factors.soft * policy.gradient(element(log_ratio(z[k], u[k], shift), es, et, normaliser), policy_sums);
        } else if constexpr (kSoft && Policy::kCentred) {
          float s = exponents.student.template exponent<kPlainExponents>(z[k]);
          float t = exponents.teacher.template exponent<kPlainExponents>(u[k]);
          es = Exponents::power<kPlainExponents>(s);
          float slope = policy.slope(ratio_of<kPlainExponents>((t - s) + normaliser.log_ratio));
          gradient[k] = es * exponents.add_hard_factor(fma(slope, centring.factor, -centring.mean), es, hard_factor);
        } else if constexpr (kSoft) {
          es = exponents.student.template of<kPlainExponents>(z[k]);
          float et = exponents.teacher.template of<kPlainExponents>(u[k]);
          gradient[k] = policy.cheap_gradient(es, et, exponents.add_hard_factor(student_factor, es, hard_factor), teacher_factor);
        }
        if constexpr (kHard && kSumApart)
          gradient[k] = fma(exponents.template hard_exponential<kPlainExponents>(z[k], es), hard_factor, gradient[k]);
      }
      // The label's class once more, with the 1 taken off before the factor and before rounding to the gradient's type.
      if (kHard && number == label_group)
#pragma unroll
        for (int k = 0; k < K; k++)
          if (row.column(number) + k == label) gradient[k] -= factors.hard;
      auto pack = GradientView::P::of(gradient);
      if (inside)
        view.store_whole(pack, number);
      else
        view.store(pack, number);
    };
    resident.for_each(row, team, interior, store, next, take);
  }
};

}  // namespace temper
