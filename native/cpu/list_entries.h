// The entries of the list of one row: the student's logits and the teacher's values of the listed classes.
#pragma once

#include "list_slots.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

struct ListEntries {
  ListEntries() {}

  ListSlots slots;
  const float* l;    // log-probabilities of the teacher, padded with -inf
  const int* place;  // index of the class among the loaded floats of its row
  // Student logits, which the first loop over the row fills in. The padding is like absent classes.
  alignas(64) float z[kListRoom];
  int order[kListRoom];  // entries by blocks of classes, see ListedLogits

  TEMPER_INLINE int count() const { return slots.count; }
  TEMPER_INLINE int padded_count() const { return padded(slots.count); }

  // Returns false if an id is no class. An id is checked here again, because another thread may change it after the
  // check of the batch.
  TEMPER_INLINE bool read(const RowLogits& r) {
    slots.read(r.job, r.row);
    if (!slots.valid) return false;
    l = r.parameters.teacher_weights != 0 ? logs_of_weights() : slots.values;
    place = r.deinterleaved ? deinterleaved_places() : slots.id;
    for (int i = count(); i < padded_count(); i++) z[i] = -kInfinity;
    return true;
  }

  // Orders the entries by blocks of classes. `block_end` has room for one number per block.
  ListedLogits by_blocks(int blocks, int* block_end) {
    if (blocks == 1) return {place, z, count(), order, nullptr};
    if (blocks <= PackedEnds::kMostBlocks) order_few(blocks, block_end);
    else order_many(blocks, block_end);
    return {place, z, count(), order, block_end};
  }

 private:
  alignas(64) float logs[kListRoom];
  alignas(64) int places[kListRoom];

  TEMPER_RARE const float* logs_of_weights() {
    for (int i = 0; i < count(); i += kLanes) store(log_of_weight(load(slots.values + i)), logs + i);
    return logs;
  }
  TEMPER_INLINE const int* deinterleaved_places() {
    for (int i = 0, n = count(); i < n; i += kLanes) store(deinterleaved_index(load(slots.id + i)), places + i);
    return places;
  }

  // One 16-bit number for each of a few blocks, in a register. In memory each addition to a number would wait for the
  // store of the addition before, which takes as long as all other work on the entry.
  struct PackedEnds {
    static constexpr int kMostBlocks = 4;
    uint64_t numbers = 0;

    TEMPER_INLINE void add_one(int block) { numbers += 1ull << 16 * block; }
    TEMPER_INLINE int of(int block) const { return numbers >> 16 * block & 0xffff; }
  };

  void order_few(int blocks, int* block_end) {
    PackedEnds counts, ends;
    for (int i = 0; i < count(); i++) counts.add_one(place[i] / kBlock);
    ends.numbers = counts.numbers * 0x0001000100010000;  // each number becomes the sum of those of earlier blocks
    for (int i = 0; i < count(); i++) {
      int block = place[i] / kBlock;
      order[ends.of(block)] = i;
      ends.add_one(block);
    }
    for (int block = 0; block < blocks; block++) block_end[block] = ends.of(block);
  }

  void order_many(int blocks, int* block_end) {
    for (int block = 0; block < blocks; block++) block_end[block] = 0;
    for (int i = 0; i < count(); i++) block_end[place[i] / kBlock]++;
    int first = 0;
    for (int block = 0; block < blocks; block++) {
      int entries = block_end[block];
      block_end[block] = first;
      first += entries;
    }
    for (int i = 0; i < count(); i++) order[block_end[place[i] / kBlock]++] = i;
  }
};

}  // namespace
}  // namespace temper
