// Computes the factors of a linear head from the labelled rows that the check has counted, and from denominators in
// memory. The head computes the gradient in chunks of rows, and its matrix products read a factor from device memory.
// The larger divisor goes into this factor, because a gradient that is divided by the number of rows can be below the
// smallest number of f16. The gradient by the logits of a chunk is divided by what remains.
#include "row_inputs.cuh"

namespace temper {

constexpr float kSmallestNormal = 1.1754944e-38f;  // 2^-126

// Returns what remains of the divisor of a part; `largest` is the larger one of both parts. A divisor is 0 if the part
// has weight 0 or no rows, and its gradient is 0 then.
__device__ __forceinline__ float remaining_divisor(const LossParameters& p, double divisor, double largest) {
  float quotient = float((divisor == 0 ? 1 : divisor / largest) * p.factor_power);
  return quotient < kSmallestNormal ? kSmallestNormal : quotient;  // a divisor of 0 would be refused
}

}  // namespace temper

extern "C" __global__ void __launch_bounds__(32) temper_factors(const __grid_constant__ temper::LossParameters p) {
  using namespace temper;
  if (threadIdx.x != 0) return;
  float* factors = p.head_factors;
  if (LaunchConstants::of(p).invalid != 0) {
    // The loss kernel writes nothing after an invalid row, and refuses a divisor of NaN. Matrix products in a CUDA
    // graph run nevertheless, and write NaN. The totals kernel reports the invalid value.
    factors[0] = factors[1] = factors[2] = not_a_number();
    return;
  }
  Divisors divisors = Divisors::of(p, labelled_rows(p));
  double soft = p.soft_weight > 0 ? divisors.soft : 0, hard = p.hard_weight > 0 ? divisors.hard : 0;
  double largest = soft < hard ? hard : soft;
  factors[0] = largest == 0 ? 0.0f : float(1 / largest * p.factor_power * p.gradient_scale);
  factors[1] = remaining_divisor(p, soft, largest);
  factors[2] = remaining_divisor(p, hard, largest);
}
