// The list of classes of one row, read once. An unused slot is like padding: its logits are -inf and its weight is 0.
#pragma once

#include "row.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

// Room for the slots of a row, padded to full vectors.
constexpr int kListRoom = (kMostSlots + kLanes - 1) / kLanes * kLanes;

TEMPER_INLINE I load(const int* in) {
  I a;
  __builtin_memcpy(&a, in, sizeof a);
  return a;
}
TEMPER_INLINE void store(I a, int* out) { __builtin_memcpy(out, &a, sizeof a); }

// The classes in the slots of a row, -1 in unused slots and in the padding. They are copied before they are checked,
// because another thread may change them in the caller's memory.
struct ListIds {
  ListIds() {}  // does not clear the array, which would cost as much as a short list

  int count = 0;    // used slots
  int end = 0;      // one more than the index of the last used slot
  bool valid = true;  // false: a used slot holds no class
  alignas(64) int32_t id[kListRoom];

  void read(const LossParameters& p, int64_t row) {
    end = p.teacher_slots;
    copy_once(p.teacher_ids, row * end, end, id);
    while (end > 0 && id[end - 1] == -1) end--;
    for (int i = end; i < padded(end); i++) id[i] = -1;
    I used = {}, bad = {};
    for (int i = 0; i < end; i += kLanes) {
      I each = load(id + i);
      used -= each != -1;
      bad |= (each < -1) | (each >= p.classes);
    }
    valid = !any(bad);
    for (int lane = 0; lane < kLanes; lane++) count += used[lane];
  }
};

struct ListEntries {
  ListEntries() {}

  ListIds ids;
  // Student logits, log-probabilities and weights of the slots.
  alignas(64) float z[kListRoom], l[kListRoom], weight[kListRoom];
  alignas(64) int place[kListRoom];  // index of the class among the loaded floats of its row; -1: an unused slot
  int order[kListRoom];              // used slots by blocks of classes, see ClassMask

  TEMPER_INLINE int count() const { return ids.count; }
  TEMPER_INLINE int padded_count() const { return padded(ids.end); }

  // Returns false if an id is no class. An id is checked here again, because another thread may change it after the
  // check of the batch.
  bool read(const RowLogits& r) {
    const LossParameters& p = r.parameters;
    ids.read(p, r.row);
    if (!ids.valid) return false;
    read_logits(r.job.student, r.row);
    if (p.student_softcap > 0) softcap_block(z, padded_count(), p.student_softcap);
    alignas(64) float buffer[kListRoom];
    const float* values = load_block(r.job.teacher.dtype, address(r.job.teacher, r.row, 0), ids.end, 0.0f, buffer);
    for (int i = 0; i < ids.end; i += kLanes) {
      I id = load(ids.id + i), used = id != -1;
      V value = load(values + i);
      if (p.teacher_weights != 0) {
        value = select(used, value, V{});
        store(value, weight + i);
        value = log_of_weight(value);
      }
      store(select(used, value, splat(-kInfinity)), l + i);
      store(r.deinterleaved ? used ? deinterleaved_index(id) : id : id, place + i);
    }
    return true;
  }

  // Orders the entries by blocks of classes. `block_end` has room for one number per block.
  ClassMask by_blocks(int blocks, int* block_end) {
    if (blocks == 1) return {place, ids.end, order, nullptr};
    for (int block = 0; block < blocks; block++) block_end[block] = 0;
    for (int i = 0; i < ids.end; i++)
      if (place[i] >= 0) block_end[place[i] / kBlock]++;
    int first = 0;
    for (int block = 0; block < blocks; block++) {
      int entries = block_end[block];
      block_end[block] = first;
      first += entries;
    }
    for (int i = 0; i < ids.end; i++)
      if (place[i] >= 0) order[block_end[place[i] / kBlock]++] = i;
    return {place, ids.end, order, block_end};
  }

 private:
  // An unused slot loads -inf from elsewhere. Without a softcap, no vector is loaded from z before the rest of the row
  // is summed, because such a load waits until the stores of its elements have reached the cache.
  void read_logits(const Matrix& student, int64_t row) {
    const char* first = address(student, row, 0);
    const uint32_t absent = 0xff800000;
    const uint16_t absent_bf16 = 0xff80;
    if (student.dtype == kF32)
      for_ids([&](int64_t id) { return read_float_once(id < 0 ? (const char*)&absent : first + 4 * id, 0); });
    else if (student.dtype == kBf16)
      for_ids([&](int64_t id) { return bf16_to_float(id < 0 ? (const char*)&absent_bf16 : first + 2 * id); });
    else for_ids([&](int64_t id) { return id < 0 ? -kInfinity : load_element(student.dtype, first, id); });
  }
  template <class F> TEMPER_INLINE void for_ids(F logit_of) {
    int end = padded_count();
    for (int i = 0; i < end; i++) z[i] = logit_of(ids.id[i]);
  }
};

}  // namespace
}  // namespace temper
