// The slots of one row, as the threads of a block load them.
#pragma once

#include "../row/exponentials.cuh"
#include "../row/softcap.cuh"
#include "../row/vector.cuh"
#include "list.h"

namespace temper {

// Loads one element of a tensor whose dtype is known at run time only. A row has few slots, so that the dtype of their
// values is not worth a specialisation.
__device__ __forceinline__ float load_element(const void* base, int64_t element, int32_t dtype) {
  if (dtype == kF32) return static_cast<const float*>(base)[element];
  uint32_t bits = static_cast<const uint16_t*>(base)[element];
  float low, high;
  if (dtype == kBf16)
    widen_bf16_pair(bits, low, high);
  else
    widen_f16_pair(bits, low, high);
  return low;
}

template <class DType> __device__ __forceinline__ float load_logit(const void* base, int64_t element) {
  return load_element(base, element, kSameType<DType, Float32> ? kF32 : kSameType<DType, BFloat16> ? kBf16 : kF16);
}

// A listed class: its logit z of the student, and the teacher's log-probability l. A sampled class has a weight, and l
// is its logarithm.
struct ListSlot {
  int id = -1;
  float z = -infinity(), l = -infinity(), weight = 0;
};

template <class Spec> struct ListSlots {
  const LossParameters& p;
  int64_t row;

  // Returns whether the slot is used. An id could select a logit outside the row, if another stream changes it after
  // the check of all rows. The id is therefore checked again: such a slot counts as unused, and `valid` becomes false.
  __device__ __forceinline__ bool load(int slot, ListSlot& into, bool& valid) const {
    into = ListSlot();
    int64_t at = row * p.teacher_slots + slot;
    int id = p.teacher_ids[at];
    if (id == -1) return false;
    if (unsigned(id) >= unsigned(p.classes)) {
      valid = false;
      return false;
    }
    into.id = id;
    into.z = load_logit<typename Spec::Student>(p.student, row * p.student_stride + id);
    if constexpr (Spec::kStudentSoftcap) into.z = softcapped(into.z, p.student_softcap);
    into.l = load_element(p.teacher, row * p.teacher_stride + slot, p.teacher_dtype);
    if (p.teacher_weights != 0) {
      into.weight = into.l;
      into.l = log_of_weight(into.weight);
    }
    return true;
  }

  // Calls f(slot) for every used slot among first, first + step, ...
  template <class F> __device__ __forceinline__ void for_each(uint32_t first, uint32_t step, bool& valid, F f) const {
#pragma unroll 1
    for (int slot = int(first); slot < p.teacher_slots; slot += int(step)) {
      ListSlot loaded;
      if (load(slot, loaded, valid)) f(loaded);
    }
  }
};

}  // namespace temper
