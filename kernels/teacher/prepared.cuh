// A prepared row of the teacher in a kernel (prepare.h). A thread computes the logits of its own columns when it loads
// them into the row storage, so that a prepared row takes no memory of its own and needs no barrier. The form of the
// teacher and its dtypes are known at run time only: they change a few instructions per class and are not worth
// specialisations.
#pragma once

#include "../row/moments.cuh"
#include "../row/thread_group.cuh"
#include "../row/vectorised_row.cuh"
#include "list_slots.cuh"
#include "prepare.h"

namespace temper {

// The constants of a prepared row, from which logit() computes the logit of each column.
struct PreparedRow {
  const LossParameters& p;
  int64_t row;
  bool valid = true;     // false: the row, or a row of a mixture, is not a distribution, and its logits are NaN
  bool is_flat = false;  // the teachers of a mixture are standardised, and all logits of one of them are equal
  MixedSoftmax softmax[kMostMixed] = {};

  // Reads the whole row before its logits are computed: to check its mass, or to find the softmax of each teacher of a
  // mixture. A class map needs neither. All threads of the group call this, because it contains reductions.
  template <bool STANDARDISE, class ThreadGroup>
  __device__ __forceinline__ void prepare(ThreadGroup& group, float temperature) {
    if (p.teacher_form == kTeacherMixture) {
#pragma unroll 1
      for (int m = 0; m < p.mixture_count; m++) measure<STANDARDISE>(group, m, temperature);
    } else if (p.teacher_form != kTeacherClassMap) {
      check_mass(group);
    }
  }

  __device__ __forceinline__ float logit(int column) const {
    if (!valid) return not_a_number();
    if (p.teacher_form == kTeacherMixture) return mixed(column);
    // A column could lie outside the row, if another stream changes the map after its check. Each column is therefore
    // checked again.
    if (p.teacher_form == kTeacherClassMap) {
      int mapped = p.class_map[column];
      return unsigned(mapped) < unsigned(p.teacher_columns) ? given(mapped) : -infinity();
    }
    return p.teacher_form == kTeacherProbabilities ? log_of_probability(given(column)) : given(column);
  }

  // Returns, in all threads, the mass on the columns that no class takes.
  template <class ThreadGroup>
  __device__ __forceinline__ float unmapped_mass(ThreadGroup& group, float temperature) const {
    float largest[1] = {-infinity()};
    for_each_column(group, p.teacher_columns, [&](int column) { largest[0] = max(largest[0], capped_given(column)); });
    group.template reduce<Max>(largest);
    const Exponents exponents(largest[0], kLog2E / temperature);
    float sums[2] = {0, 0};  // the taken columns, and the others
    for_each_column(group, p.teacher_columns, [&](int column) {
      float e = Exponents::power<false>(exponents.template exponent<false>(capped_given(column)));
      sums[0] += is_taken(p.columns_taken, column) ? e : 0.0f;
      sums[1] += is_taken(p.columns_taken, column) ? 0.0f : e;
    });
    group.template reduce<Sum>(sums);
    return sums[1] / (sums[0] + sums[1]);
  }

 private:
  __device__ __forceinline__ float given(int column) const {
    return load_element(p.teacher, row * p.teacher_stride + column, p.teacher_dtype);
  }
  __device__ __forceinline__ float capped_given(int column) const {
    return p.teacher_softcap > 0 ? softcapped(given(column), p.teacher_softcap) : given(column);
  }
  __device__ __forceinline__ float member(int m, int column) const {
    float x = load_element(p.mixture_logits[m], row * p.mixture_strides[m] + column, p.mixture_dtypes[m]);
    return p.mixture_softcap > 0 ? softcapped(x, p.mixture_softcap) : x;
  }

  template <class ThreadGroup, class F>
  __device__ __forceinline__ void for_each_column(const ThreadGroup& group, int end, F f) const {
#pragma unroll 1
    for (int column = int(group.thread_rank); column < end; column += int(ThreadGroup::size())) f(column);
  }

  __device__ __forceinline__ float mixed(int column) const {
    MixtureClass<float> c = {-infinity(), 0};
#pragma unroll 1
    for (int m = 0; m < p.mixture_count; m++)
      c.add(softmax[m].log_probability(member(m, column)), p.mixture_weights[m]);
    return c.log_probability();
  }

  template <class ThreadGroup> __device__ __forceinline__ void check_mass(ThreadGroup& group) {
    bool logs = p.teacher_form == kTeacherLogProbabilities;
    RowMass<float> mass;
    for_each_column(group, p.classes, [&](int column) {
      if (logs)
        mass.add_log(given(column));
      else
        mass.add_probability(given(column));
    });
    float sums[4] = {mass.mass, mass.error, mass.non_finite, mass.negative};
    group.template reduce<Sum>(sums);
    if (!has_bad_mass(sums[0], sums[1], sums[2], sums[3], p.teacher_dtype, logs)) return;
    valid = false;
    if (group.thread_rank == 0) note_first(&p.status->bad_mass, p.first_row + row);
  }

  // Finds the row constants of one teacher of a mixture.
  template <bool STANDARDISE, class ThreadGroup>
  __device__ __forceinline__ void measure(ThreadGroup& group, int m, float row_temperature) {
    float extrema[2] = {-infinity(), -infinity()};  // the maximum, and the negated minimum of the present logits
    for_each_column(group, p.classes, [&](int column) {
      float x = member(m, column);
      extrema[0] = max(extrema[0], x);
      if (x != -infinity()) extrema[1] = max(extrema[1], -x);
    });
    group.template reduce<Max>(extrema);
    float temperature = p.row_temperatures == nullptr ? p.mixture_temperature : row_temperature;
    MixedSoftmax one = {extrema[0], 1.0f / temperature, 0, 0};
    one.inverse_rest = fma(-temperature, one.inverse, 1.0f) * one.inverse;
    if constexpr (STANDARDISE) {
      Moments moments = moments_of(group, m, extrema);
      is_flat = is_flat || moments.deviation == 0;
      one.inverse *= moments.inverse();
      one.inverse_rest = 0;  // the inverse of a standard deviation has no rest
    }
    float sum[1] = {0};
    for_each_column(group, p.classes, [&](int column) {
      sum[0] += exp2(one.exponent(member(m, column)) * kLog2E);
    });
    group.template reduce<Sum>(sum);
    valid = valid && sum[0] > 0 && sum[0] <= kLargest;
    one.log_sum = log(sum[0]);
    softmax[m] = one;
  }

  template <class ThreadGroup>
  __device__ __forceinline__ Moments moments_of(ThreadGroup& group, int m, const float (&extrema)[2]) const {
    float sums[2] = {0, 0};
    for_each_column(group, p.classes, [&](int column) {
      float x = member(m, column);
      sums[0] += x != -infinity() ? x - extrema[0] : 0.0f;
      sums[1] += x != -infinity() ? 1.0f : 0.0f;
    });
    group.template reduce<Sum>(sums);
    Moments moments = {extrema[0], sums[0] / sums[1], 0, sums[1]};
    float squares[2] = {0, 0};  // the two sums of set_deviation()
    for_each_column(group, p.classes, [&](int column) {
      float x = member(m, column), d = x != -infinity() ? moments.centred(x) : 0.0f;
      squares[0] = fma(d, d, squares[0]);
      squares[1] += d;
    });
    group.template reduce<Sum>(squares);
    moments.set_deviation(squares[0], squares[1], -extrema[1]);
    return moments;
  }
};

// The view of a prepared row, which computes what other views load. `base` is the address of the PreparedRow.
template <int COLUMNS> struct RowView<Prepared, COLUMNS> {
  using Bits = Prepared::Bits;
  using Vector = temper::Vector<Prepared, COLUMNS>;
  static constexpr int K = COLUMNS;

  const PreparedRow* prepared;
  int misalignment, end;
  int first_aligned = 0, aligned_count = -1;  // no vector can be copied from memory

  __device__ __forceinline__ RowView(const void* base, int64_t, int misalignment, int end)
      : prepared(static_cast<const PreparedRow*>(base)), misalignment(misalignment), end(end) {}

  __device__ __forceinline__ int column(int vector) const { return vector * K - misalignment; }
  __device__ __forceinline__ bool is_aligned(int) const { return false; }
  __device__ __forceinline__ const Bits* address(int) const { return nullptr; }
  __device__ __forceinline__ Vector load(int vector, Bits fill) const { return load_elements(vector, fill); }

  // The loop is not unrolled, because the code of a logit is long. An index that is known at run time only would put
  // the vector into local memory. Each step therefore moves all words by one place and appends the new word at the end.
  __device__ __forceinline__ Vector load_elements(int vector, Bits fill) const {
    Vector loaded = Vector::filled(fill);
#pragma unroll 1
    for (int k = 0; k < K; k++) {
      int at = column(vector) + k;
      Bits bits = unsigned(at) < unsigned(end) ? bits_of(prepared->logit(at)) : fill;
#pragma unroll
      for (int w = 0; w + 1 < K; w++) loaded.words[w] = loaded.words[w + 1];
      loaded.words[K - 1] = bits;
    }
    return loaded;
  }
};

}  // namespace temper
