// The entries of the list of one row: the student's logits and the teacher's values of the listed classes.
#pragma once

#include "list_slots.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

struct ListEntries {
  ListEntries() {}

  ListSlots slots;
  // Student logits, and log-probabilities and weights of the teacher. The padding is like absent classes.
  alignas(64) float z[kListRoom], l[kListRoom], weight[kListRoom];
  alignas(64) int place[kListRoom];  // index of the class among the loaded floats of its row
  int order[kListRoom];              // entries by blocks of classes, see ClassMask

  TEMPER_INLINE int count() const { return slots.count; }
  TEMPER_INLINE int padded_count() const { return padded(slots.count); }

  // Returns false if an id is no class. An id is checked here again, because another thread may change it after the
  // check of the batch.
  bool read(const RowLogits& r) {
    const LossParameters& p = r.parameters;
    slots.read(r.job, r.row);
    if (!slots.valid) return false;
    read_logits(r.job.student, r.row);
    if (p.student_softcap > 0) softcap_block(z, padded_count(), p.student_softcap);
    for (int i = 0; i < count(); i += kLanes) {
      V value = load(slots.values + i);
      if (p.teacher_weights != 0) store(value, weight + i), value = log_of_weight(value);
      store(value, l + i);
      I id = load(slots.id + i);
      store(r.deinterleaved ? deinterleaved_index(id) : id, place + i);
    }
    return true;
  }

  // Orders the entries by blocks of classes. `block_end` has room for one number per block.
  ClassMask by_blocks(int blocks, int* block_end) {
    if (blocks == 1) return {slots.id, count(), order, nullptr};
    for (int block = 0; block < blocks; block++) block_end[block] = 0;
    for (int i = 0; i < count(); i++) block_end[slots.id[i] / kBlock]++;
    int first = 0;
    for (int block = 0; block < blocks; block++) {
      int entries = block_end[block];
      block_end[block] = first;
      first += entries;
    }
    for (int i = 0; i < count(); i++) order[block_end[slots.id[i] / kBlock]++] = i;
    return {slots.id, count(), order, block_end};
  }

 private:
  // Without a softcap, no vector is loaded from z before the rest of the row is summed, because such a load waits until
  // the stores of its elements have reached the cache.
  void read_logits(const Matrix& student, int64_t row) {
    const char* first = address(student, row, 0);
    if (student.dtype == kF32) for_ids([&](int64_t id) { return read_float_once(first + 4 * id, 0); });
    else if (student.dtype == kBf16) for_ids([&](int64_t id) { return bf16_to_float(first + 2 * id); });
    else for_ids([&](int64_t id) { return load_element(student.dtype, first, id); });
  }
  template <class F> TEMPER_INLINE void for_ids(F logit_of) {
    float* out = z;
    const int32_t* id = slots.id;
    for_each(0, count(), [=](int64_t i) { out[i] = logit_of(id[i]); });
    for_each(count(), padded_count(), [=](int64_t i) { out[i] = -kInfinity; });
  }
};

}  // namespace
}  // namespace temper
