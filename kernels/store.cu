// Rounds f32 sums to 16 bits. If `upstream` is not null, it is the address of the output, and the sums are added to the
// values there. After an invalid value of the batch, the output stays as it is. Vector accesses are not worth their
// code, because the kernel runs once for a batch.
#include "row/vector.cuh"

namespace temper {

template <class DType> __device__ __forceinline__ void store_row(const PrimitiveParameters& p, int64_t row) {
  using Bits = typename DType::Bits;
  using Pair = Vector<DType, 2>;
  const float* sums = static_cast<const float*>(p.input) + row * p.input_stride;
  Bits* output = static_cast<Bits*>(p.output) + row * p.output_stride;
  for (int i = int(threadIdx.x); i < p.classes; i += int(blockDim.x)) {
    float values[2] = {sums[i], 0};
    if (p.upstream != nullptr) {
      float before[2];
      Pair::filled(output[i]).unpack(before);
      values[0] += before[0];
    }
    output[i] = Pair::pack(values).bits(0);
  }
}

}  // namespace temper

extern "C" __global__ void __launch_bounds__(256) temper_store(const __grid_constant__ temper::PrimitiveParameters p) {
  using namespace temper;
  if (p.head_factors != nullptr && p.head_factors->overwrite_beta != 0) return;
  for (int64_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
    if (p.output_dtype == kF16)
      store_row<Float16>(p, row);
    else
      store_row<BFloat16>(p, row);
  }
}
