// Checks labels, row weights, row temperatures and the integers of a teacher, and counts the rows that have a label.
// The kernel runs before the loss kernel, which writes nothing if an invalid row was found. A batch without any of
// these inputs is not checked. A loss kernel that is the only launch of a call checks the rows itself
// (single_launch.cuh).
#include "row_inputs.cuh"
#include "teacher/list_check.cuh"

namespace temper {

// Finds an index outside the teacher. A row that does not contribute reads no teacher.
__device__ __forceinline__ void check_row_index(const LossParameters& p, int64_t row) {
  bool in_range = uint64_t(int64_t(p.teacher_row_index[row])) < uint64_t(p.teacher_rows);
  if (!in_range && load_task(p, row).contributes()) note_first(&p.status->bad_teacher, row);
}

// Finds a column outside the teacher, or one that two classes take, and sets the bits of all columns that are taken.
__device__ __forceinline__ void check_class_map(const LossParameters& p) {
  int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < p.classes; i += step) {
    int column = p.class_map[i];
    if (column == -1) continue;
    bool bad = unsigned(column) >= unsigned(p.teacher_columns);
    if (!bad) {
      uint32_t bit = 1u << column % 32;
      bad = (atomicOr(p.columns_taken + column / 32, bit) & bit) != 0;
    }
    if (bad) note_first(&p.status->bad_teacher, 0);
  }
}

}  // namespace temper

extern "C" __global__ void __launch_bounds__(256) temper_check(const __grid_constant__ temper::LossParameters p) {
  using namespace temper;
  unsigned labelled = 0;
  for (int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; row < p.rows;
       row += int64_t(gridDim.x) * blockDim.x) {
    bool missing = false;
    if (p.labels != nullptr) {
      int64_t label = label_of(p, row);
      missing = label == p.ignore_index;
      if (!is_label(p, label)) note_first(&p.status->bad_label, row);
    }
    if (p.row_weights != nullptr && !is_weight(p.row_weights[row])) note_first(&p.status->bad_weight, row);
    if (p.row_temperatures != nullptr && !is_temperature(p.row_temperatures[row]))
      note_first(&p.status->bad_temperature, row);
    if (p.teacher_row_index != nullptr) check_row_index(p, row);
    labelled += missing ? 0 : 1;
  }
  if (p.teacher_ids != nullptr) check_lists(p);
  if (p.class_map != nullptr) check_class_map(p);
  for (int distance = 16; distance > 0; distance /= 2) labelled += __shfl_xor_sync(~0u, labelled, distance);
  unsigned* warps = reinterpret_cast<unsigned*>(dynamic_shared());
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = labelled;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (unsigned warp = 1; warp < blockDim.x / 32; warp++) labelled += warps[warp];
  atomicAdd(reinterpret_cast<unsigned long long*>(&p.status->labelled_rows), static_cast<unsigned long long>(labelled));
}
