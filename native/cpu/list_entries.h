// The entries of the list of one row: the student's logits and the teacher's values of the listed classes.
#pragma once

#include "list_slots.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

struct ListEntries {
  ListEntries() {}

  ListSlots slots;
  // Student logits, which the first loop over the row fills in, and log-probabilities and weights of the teacher. The
  // padding is like absent classes.
  alignas(64) float z[kListRoom], l[kListRoom], weight[kListRoom];
  alignas(64) int place[kListRoom];  // index of the class among the loaded floats of its row
  int order[kListRoom];              // entries by blocks of classes, see ListedLogits

  TEMPER_INLINE int count() const { return slots.count; }
  TEMPER_INLINE int padded_count() const { return padded(slots.count); }

  // Returns false if an id is no class. An id is checked here again, because another thread may change it after the
  // check of the batch.
  bool read(const RowLogits& r) {
    const LossParameters& p = r.parameters;
    slots.read(r.job, r.row);
    if (!slots.valid) return false;
    for (int i = 0; i < count(); i += kLanes) {
      V value = load(slots.values + i);
      if (p.teacher_weights != 0) store(value, weight + i), value = log_of_weight(value);
      store(value, l + i);
      I id = load(slots.id + i);
      store(r.deinterleaved ? deinterleaved_index(id) : id, place + i);
    }
    for (int i = count(); i < padded_count(); i++) z[i] = -kInfinity;
    return true;
  }

  // Orders the entries by blocks of classes. `block_end` has room for one number per block.
  ListedLogits by_blocks(int blocks, int* block_end) {
    if (blocks == 1) return {place, z, count(), order, nullptr};
    for (int block = 0; block < blocks; block++) block_end[block] = 0;
    for (int i = 0; i < count(); i++) block_end[place[i] / kBlock]++;
    int first = 0;
    for (int block = 0; block < blocks; block++) {
      int entries = block_end[block];
      block_end[block] = first;
      first += entries;
    }
    for (int i = 0; i < count(); i++) order[block_end[place[i] / kBlock]++] = i;
    return {place, z, count(), order, block_end};
  }
};

}  // namespace
}  // namespace temper
