// The list of classes of one row, read once, and the mask that takes its classes out of the student's blocks.
#pragma once

#include "row.h"

#include "../../kernels/teacher/list.h"  // after math.h

namespace temper {
namespace {

// Room for the slots of a row, padded to full vectors.
constexpr int kListRoom = (kMostSlots + kLanes - 1) / kLanes * kLanes;

struct ListEntries {
  ListEntries() {}  // does not clear the arrays, which would cost as much as a short list

  int count = 0;      // used slots
  bool valid = true;  // false: an id is no class
  int id[kListRoom], next[kListRoom];
  // Student logits, log-probabilities and weights of the used slots. Padding is -inf, -inf and 0.
  alignas(64) float z[kListRoom], l[kListRoom], weight[kListRoom];

  TEMPER_INLINE int padded_count() const { return padded(count); }

  // Reads the slots of a row. An id is checked here, because another thread may change it after the check of the batch.
  void read(const LossJob& job, int64_t row) {
    const LossParameters& p = job.parameters;
    alignas(64) float buffer[kListRoom];
    const float* values = load_block(job.teacher.dtype, address(job.teacher, row, 0), p.teacher_slots, 0.0f, buffer);
    for (int slot = 0; slot < p.teacher_slots; slot++) {
      int32_t used = read_once<int32_t>(p.teacher_ids, row * p.teacher_slots + slot);
      if (used == -1) continue;
      if ((uint32_t)used >= (uint32_t)p.classes) {
        valid = false;
        return;
      }
      id[count] = used;
      l[count] = read_float_once(values, slot);
      z[count] = load_logit(job.student, row, used);
      count++;
    }
    int end = padded_count();
    for (int i = count; i < end; i++) z[i] = l[i] = -kInfinity;
    if (p.teacher_weights != 0) {
      for (int i = count; i < end; i++) l[i] = 0;
      for (int i = 0; i < end; i += kLanes) {
        store(load(l + i), weight + i);
        store(log_of_weight(load(weight + i)), l + i);
      }
    }
    if (p.student_softcap > 0) softcap_block(z, end, p.student_softcap);
  }

  // Chains the entries of each block of classes: head[block] is the first entry, -1 without any.
  void chain(int* head, int blocks) {
    for (int block = 0; block < blocks; block++) head[block] = -1;
    for (int i = 0; i < count; i++) {
      next[i] = head[id[i] / kBlock];
      head[id[i] / kBlock] = i;
    }
  }

 private:
  static TEMPER_INLINE float load_logit(const Matrix& matrix, int64_t row, int column) {
    const char* at = address(matrix, row, column);
    if (matrix.dtype == kF32) return read_float_once(at, 0);
    if (matrix.dtype == kBf16) return bf16_to_float(at);
    return load_element(matrix.dtype, at, 0);
  }
};

}  // namespace
}  // namespace temper
