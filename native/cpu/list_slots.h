// The used slots of one row of a teacher that is given by lists, read once.
#pragma once

#include "row.h"

namespace temper {
namespace {

// Room for the slots of a row, padded to full vectors.
constexpr int kListRoom = (kMostSlots + kLanes - 1) / kLanes * kLanes;

struct ListSlots {
  ListSlots() {}  // does not clear the arrays, which would cost as much as a short list

  int count = 0;             // used slots
  bool valid = true;         // false: a used slot holds no class
  const float* values;       // log-probabilities or weights, padded with -inf or 0
  alignas(64) int32_t id[kListRoom];  // classes, padded with 0

  TEMPER_INLINE void read(const LossJob& job, int64_t row) {
    const LossParameters& p = job.parameters;
    count = p.teacher_slots;
    Bits largest = copy_ids(ids_of(p, row), count);
    bool has_gaps = any(largest >= (unsigned)p.classes) && trim(p.classes);
    float padding = p.teacher_weights != 0 ? 0.0f : -kInfinity;
    values = load_block(job.teacher.dtype, address(job.teacher, row, 0), count, padding, buffer);
    if (has_gaps) drop_unused(padding);
  }

 private:
  alignas(64) float buffer[kListRoom];

  static const char* ids_of(const LossParameters& p, int64_t row) {
    return (const char*)p.teacher_ids + row * p.teacher_slots * (int64_t)sizeof(int32_t);
  }

  typedef unsigned Bits __attribute__((vector_size(4 * kLanes)));

  // Copies the ids before they are checked, because another thread may change them in the caller's memory. The asm
  // statement makes the compiler read the copy afterwards. Returns the largest of each lane; -1 is the largest number.
  TEMPER_INLINE Bits copy_ids(const char* in, int n) {
    Bits largest = {};
    auto copy = [&](I ids, int i) {
      store(ids, id + i);
      __asm__ volatile("" : : "r"(id) : "memory");
      Bits copied = (Bits)load(id + i);
      largest = copied > largest ? copied : largest;
    };
    int i = 0;
    for (; i + kLanes <= n; i += kLanes) copy(load((const int*)in + i), i);
    if (i < n) copy(load_bytes(in + i * sizeof(int32_t), (n - i) * (int)sizeof(int32_t)), i);
    return largest;
  }

  // Drops the unused slots at the end of the row. Returns whether other slots are unused, and sets `valid`.
  TEMPER_RARE bool trim(int classes) {
    while (count > 0 && id[count - 1] == -1) count--;
    for (int i = count; i < padded(count); i++) id[i] = 0;
    I least = {}, most = {};
    for (int i = 0; i < count; i += kLanes) {
      I each = load(id + i);
      least = each < least ? each : least;
      most = each > most ? each : most;
    }
    valid = !any((least < -1) | (most >= classes));
    return any(least);
  }

  TEMPER_RARE void drop_unused(float padding) {
    int used = 0;
    for (int i = 0; i < count; i++)
      if (id[i] != -1) {
        id[used] = id[i];
        buffer[used++] = ((const UnalignedFloat*)values)[i];
      }
    count = used;
    values = buffer;
    for (int i = count; i < padded(count); i++) id[i] = 0, buffer[i] = padding;
  }
};

}  // namespace
}  // namespace temper
