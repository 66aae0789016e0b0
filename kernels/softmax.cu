// Softmax, log-softmax with its backward pass, and argmax. A specialisation is chosen by macros:
//   TEMPER_KERNEL      name of the entry point
//   TEMPER_PRIMITIVE   kSoftmax | kLogSoftmax | kLogSoftmaxBackward | kArgmax
//   TEMPER_INPUT, TEMPER_UPSTREAM, TEMPER_OUTPUT   Float32 | BFloat16 | Float16
//   TEMPER_THREADS, TEMPER_LANES, TEMPER_CLUSTER, TEMPER_STORAGE   as in loss.cu
#include "softmax_rows.cuh"
#include "specialisation.cuh"

namespace temper {

struct TEMPER_SPEC {
  using Input = TEMPER_INPUT;
  using Upstream = TEMPER_UPSTREAM;
  using Output = TEMPER_OUTPUT;
  using ThreadGroup = ThreadGroupOf<TEMPER_THREADS, TEMPER_LANES, TEMPER_CLUSTER>;
  using Storage = TEMPER_STORAGE;
  static constexpr Primitive kPrimitive = Primitive::TEMPER_PRIMITIVE;
};

}  // namespace temper

extern "C" __global__ void TEMPER_CLUSTER_DIMENSIONS(TEMPER_CLUSTER) TEMPER_LAUNCH_BOUNDS
    TEMPER_KERNEL(const __grid_constant__ temper::PrimitiveParameters parameters) {
  temper::primitive_rows<temper::TEMPER_SPEC>(parameters);
}
