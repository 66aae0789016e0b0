// The sums over a row with a list: a sweep over the rest, and then the slots, by members of ListLossRow.
#pragma once

#include "list_row.cuh"

namespace temper {

// Sums over the thread's classes of the rest, relative to their maximum.
template <class Spec>
__device__ __forceinline__ void ListLossRow<Spec>::sweep_rest(float& exponent_sum, float& shifted_sum) {
  storage.for_each(row, group, [&](const Pair& pair, int vector) {
    float z[K];
    unpack(pair, z);
    uint32_t listed = mask.columns(vector);
    float top = rest_max;
#pragma unroll
    for (int k = 0; k < K; k++) {
      if (listed >> k & 1u) z[k] = -infinity();
      top = max(top, z[k]);
    }
    if (top > rest_max) move_rest(top, exponent_sum, shifted_sum);
    float shift = shift_of(rest_max);
#pragma unroll
    for (int k = 0; k < K; k++) {
      float s = (z[k] - shift) * scale, es = exp2(s);
      rest_sum += es;
      if constexpr (kHard) rest_hard_sum += exp2((z[k] - shift) * kLog2E);
      if constexpr (Spec::kEntropies) exponent_sum += es > 0 ? es * s : 0.0f;
      if constexpr (Spec::kSmoothing) {
        shifted_sum += z[k] == -infinity() ? 0.0f : z[k] - shift;
        present += z[k] == -infinity() ? 0.0f : 1.0f;
      }
    }
  });
}

// Moves the thread's sums over the rest to another maximum, which is not below the old one.
template <class Spec>
__device__ __forceinline__ void ListLossRow<Spec>::move_rest(float maximum, float& exponent_sum, float& shifted_sum) {
  float rise = rest_max == -infinity() ? 0.0f : shift_of(maximum) - shift_of(rest_max);
  float factor = exp2(-rise * scale);
  exponent_sum = factor * fma(rest_sum, -rise * scale, exponent_sum);
  shifted_sum = fma(present, -rise, shifted_sum);
  rest_sum *= factor;
  rest_hard_sum *= exp2(-rise * kLog2E);
  rest_max = maximum;
}

template <class Spec>
__device__ __forceinline__ void ListLossRow<Spec>::set_constants(float listed_max, float teacher_max) {
  float own = p.row_temperatures != nullptr ? temperature : p.teacher_temperature;
  float factor = p.teacher_list_temperature > 0 ? p.teacher_list_temperature / own : 1.0f;
  float factor_low = p.teacher_list_temperature > 0 ? fma(-factor, own, p.teacher_list_temperature) / own : 0.0f;
  bool renormalised = tail == kRenormaliseTeacher || tail == kRenormaliseBoth;
  constants.shift = {shift_of(tail == kRenormaliseBoth ? listed_max : row_max),
                     renormalised ? shift_of(teacher_max) : 0.0f,
                     inverse_temperature,
                     fma(-temperature, inverse_temperature, 1.0f) * inverse_temperature,
                     factor,
                     factor_low};
  constants.student_c = scale;
  constants.teacher_c = factor * kLog2E;
}

// Adds the sums over the listed classes to those over the rest, and reduces both over the group.
template <class Spec>
__device__ __forceinline__ void ListLossRow<Spec>::add_sums(float& exponent_sum, float& shifted_sum) {
  enum { kRest, kRestHard, kStudent, kHardExp, kListed, kTeacher, kMass, kExcess, kCount, kPresent, kShifted,
         kExponents, kSums };
  float sums[kSums] = {};
  sums[kRest] = rest_sum;
  sums[kRestHard] = rest_hard_sum;
  sums[kPresent] = present;
  float from_rest = rest_max == -infinity() ? 0.0f : rest_max - shift_of(row_max);
  sums[kShifted] = fma(present, from_rest, shifted_sum);
  float to_row = relative(rest_max, row_max, scale);
  sums[kExponents] = to_row * fma(rest_sum, from_rest * scale, exponent_sum);
  for_each_slot([&](const ListSlot& slot) {
    float s = slot.z - shift_of(row_max), es = exp2(s * scale);
    sums[kStudent] += es;
    sums[kHardExp] += exp2(s * kLog2E);
    sums[kListed] += constants.student_exp(slot.z);
    float et = constants.teacher_exp(slot.l);
    sums[kTeacher] += et;
    sums[kMass] += p.teacher_weights != 0 ? slot.weight : exp2(slot.l * kLog2E);
    sums[kExcess] += excess(constants.log_ratio_of(slot.z, slot.l), constants.student_exp(slot.z), et);
    sums[kCount] += 1;
    if constexpr (Spec::kSmoothing) {
      sums[kPresent] += slot.z == -infinity() ? 0.0f : 1.0f;
      sums[kShifted] += slot.z == -infinity() ? 0.0f : s;
    }
    if constexpr (Spec::kEntropies) sums[kExponents] += es > 0 ? es * (s * scale) : 0.0f;
  });
  if (!valid) sums[kRest] = not_a_number();
  group.template reduce<Sum>(sums);
  rest_sum = sums[kRest];
  row_sum = fma(rest_sum, to_row, sums[kStudent]);
  hard_sum = fma(sums[kRestHard], relative(rest_max, row_max, kLog2E), sums[kHardExp]);
  present = sums[kPresent];
  shifted_sum = sums[kShifted];
  exponent_sum = sums[kExponents] * kLn2;
  count = sums[kCount];
  teacher_mass = sums[kMass];
  row_valid = is_valid(row_sum);
  student_mass = row_valid ? sums[kStudent] / row_sum : not_a_number();
  student_valid = row_valid;
  bool renormalised = tail == kRenormaliseTeacher || tail == kRenormaliseBoth;
  float teacher_sum = renormalised ? sums[kTeacher] : 1.0f;
  float student_sum = tail == kRenormaliseBoth ? sums[kListed] : row_sum;
  if (count > 0) row_valid = row_valid && teacher_sum > 0 && student_sum > 0;
  if (tail == kRenormaliseBoth)
    constants.inverse_sums = inverse_sums(sums[kExcess], student_sum, teacher_sum);
  else
    constants.inverse_sums = {1.0f / teacher_sum, 1.0f / student_sum, log(student_sum) - log(teacher_sum)};
  has_bucket = tail == kBucket && count < float(p.classes) && count > 0;
  if (has_bucket && p.teacher_log_tail != nullptr)
    log_tail = p.teacher_log_tail[slots.row];
  else if (has_bucket && teacher_mass < 1)
    log_tail = log(1.0f - teacher_mass);
}

}  // namespace temper
