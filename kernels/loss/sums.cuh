// The sums of a row over its classes: the first sweep over the row storage and the merge of the threads' partials, by
// members of LossRow.
#pragma once

#include "row.cuh"

namespace temper {

// A partial of the fast path without any class. With kMaximaFirst it has the maxima of the row.
template <class Spec>
__device__ __forceinline__ typename LossRow<Spec>::Partial LossRow<Spec>::empty_partial() const {
  if constexpr (kMaximaFirst) {
    uint32_t student, teacher;
    storage.find_high_words(student, teacher);
    float maxima[2] = {largest_student(student), kSoft ? largest_teacher(teacher) : 0.0f};
    group.template reduce_maxima<kSoft>(maxima);
    return Partial(policy, {maxima[0], maxima[1], scales}, maxima[0], maxima[1]);
  } else {
    return Partial(policy, scales);
  }
}

// Adds the largest logits of some vectors to the maxima of the partial.
template <class Spec>
template <int N>
__device__ __forceinline__ void LossRow<Spec>::note_maxima(Partial& partial, const Pair (&pairs)[N]) const {
  auto student = pairs[0].student.high_word();
  float u = 0;
  if constexpr (kSoft) {
    auto teacher = pairs[0].teacher.high_word();
#pragma unroll
    for (int i = 1; i < N; i++) teacher = pairs[i].teacher.high_word(teacher);
    u = largest_teacher(teacher);
  }
#pragma unroll
  for (int i = 1; i < N; i++) student = pairs[i].student.high_word(student);
  partial.note_maxima(largest_student(student), u);
}

// Stores the label's logits if the label is in the vector that begins at `column`.
template <class Spec>
__device__ __forceinline__ void LossRow<Spec>::find_label(Partial& partial, const Pair& pair, int column) {
  if (unsigned(label - column) < unsigned(K)) {
    float z[K], u[K];
    unpack(pair, z, u);
#pragma unroll
    for (int k = 0; k < K; k++)
      if (column + k == label) {
        label_logit = z[k];
        if constexpr (kSeparateLabel) {
          partial.sums.label_logit = z[k];
          partial.sums.label_teacher_logit = u[k];
        }
      }
  }
}

// Reads the label's vector from on-chip storage, and stores the label's logits.
template <class Spec> __device__ __forceinline__ void LossRow<Spec>::visit_label(Partial& partial) {
  if (label >= 0)
    storage.visit(row, group, row.vector_of(label), [&](const Pair& pair) {
      find_label(partial, pair, row.column(row.vector_of(label)));
    });
}

// Adds some vectors to the partial of the thread. Only the fast path updates the maxima; the other paths know them from
// the fast path.
template <class Spec>
template <bool FAST, int N>
__device__ __forceinline__ void LossRow<Spec>::add_vectors(Partial& partial, const Pair (&pairs)[N], int vector,
                                                           bool in_bounds) {
  Pair classes[N];
#pragma unroll
  for (int i = 0; i < N; i++) classes[i] = summed(pairs[i], vector + i * Storage::kStep);
  if constexpr (FAST && !kMaximaFirst) note_maxima(partial, classes);
#pragma unroll
  for (int i = 0; i < N; i++) {
    float z[K], u[K];
    bool finite = in_bounds && !(kSeparateLabel && vector + i * Storage::kStep == label_vector());
    unpack(classes[i], z, u);
#pragma unroll
    for (int k = 0; k < K; k++)
      partial.template add<FAST>(z[k], u[k], finite, k % 2 == 0 ? partial.sums : partial.odd_sums);
    if constexpr (Form::kLabel && !Spec::Storage::kOnChip)
      find_label(partial, pairs[i], row.column(vector + i * Storage::kStep));
  }
}

// Passed to the sweeps of the row storage, which call it with their vectors. NVRTC 12 treats a generic lambda as a host
// function, so that this is a function object.
template <class Loss> struct AddVectors {
  Loss& loss;
  typename Loss::Partial& partial;

  template <int N>
  __device__ __forceinline__ void operator()(const typename Loss::Pair (&pairs)[N], int vector, bool in_bounds) const {
    loss.template add_vectors<true>(partial, pairs, vector, in_bounds);
  }

  __device__ __forceinline__ void keep_none() const { loss.kept.set_none(); }

  // Adds vectors and keeps their exponentials. `first` is the index of the first vector among all kept vectors. The
  // partial is empty, so that without kMaximaFirst the offsets depend on these vectors only. A backward pass thus
  // computes the same bits without the other vectors.
  template <bool FINITE, int N>
  __device__ __forceinline__ void keep(const typename Loss::Pair (&pairs)[N], int first) const {
    if constexpr (!Loss::kMaximaFirst) loss.note_maxima(partial, pairs);
    loss.kept.student_offset = partial.exponents.student.offset;
    loss.kept.teacher_offset = partial.exponents.teacher.offset;
#pragma unroll
    for (int i = 0; i < N; i++) {
      constexpr int K = Loss::K;
      float z[K], u[K];
      loss.unpack(pairs[i], z, u);
#pragma unroll
      for (int k = 0; k < K; k++)
        partial.template add<true>(z[k], u[k], FINITE, k % 2 == 0 ? partial.sums : partial.odd_sums,
                                   loss.kept.student[(first + i) * K + k], loss.kept.teacher[(first + i) * K + k]);
    }
  }
};

// Adds all classes to the partial of the thread.
template <class Spec>
template <bool FAST>
__device__ __forceinline__ void LossRow<Spec>::sweep_sums(Partial& partial) {
  // In a row in registers the label is read before the sums. The kept vectors are not read after the sums, so that
  // their exponentials can take their registers.
  if constexpr (Form::kLabel && Spec::Storage::kInRegisters) visit_label(partial);
  if constexpr (FAST && kKeeps) {
    storage.template keep<kKept>(AddVectors<LossRow>{*this, partial});
    storage.template for_each_several_but_kept<kKept>(group, AddVectors<LossRow>{*this, partial});
  } else if constexpr (FAST) {
    storage.for_each_several(row, group, AddVectors<LossRow>{*this, partial});
  } else {
    storage.for_each_again(row, group, [&](const Pair& pair, int vector) {
      const Pair pairs[1] = {pair};
      add_vectors<false>(partial, pairs, vector, false);
    });
  }
  partial.join_odd();
  // In a ring these are loaded from the header again, so that they take no registers during the sweep.
  if constexpr (Spec::Storage::kProducers > 0) {
    label = storage.header().label;
    valid = storage.header().valid != 0;
  }
  if constexpr (Form::kLabel && Spec::Storage::kOnChip && !Spec::Storage::kInRegisters) visit_label(partial);
}

template <class Spec> __device__ __forceinline__ void LossRow<Spec>::merge(Partial& partial) {
  if constexpr (kMaximaFirst)
    group.add(partial, label_owner(), label_logit);
  else
    group.merge(partial, label_owner(), label_logit);
  if constexpr (kSeparateLabel) {
    label_logit = partial.sums.label_logit;
    label_teacher_logit = partial.sums.label_teacher_logit;
  }
}

}  // namespace temper
