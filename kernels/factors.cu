// Computes the factors of a linear head from the labelled rows that the check has counted, and from denominators in
// memory. The head computes the gradient in chunks of rows, and its matrix products read alpha and beta from device
// memory.
// The larger divisor goes into this factor, because a gradient that is divided by the number of rows can be below the
// smallest number of f16. The gradient with respect to the logits of a chunk is divided by what remains.
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
  HeadFactors& factors = *p.head_factors;
  factors.add_beta = 1;
  if (LaunchConstants::of(p).invalid != 0) {
    // The loss kernel writes nothing after an invalid row, and refuses a divisor of NaN. Matrix products in a CUDA
    // graph run nevertheless. With these factors their results stay as they are. The totals kernel reports the value.
    factors.alpha = 0;
    factors.overwrite_beta = 1;
    factors.soft_divisor = factors.hard_divisor = not_a_number();
    return;
  }
  Divisors divisors = Divisors::of(p, labelled_rows(p));
  double soft = p.soft_weight > 0 ? divisors.soft : 0, hard = p.hard_weight > 0 ? divisors.hard : 0;
  double largest = soft < hard ? hard : soft;
  factors.alpha = largest == 0 ? 0.0f : float(1 / largest * p.factor_power * p.gradient_scale);
  factors.overwrite_beta = 0;
  factors.soft_divisor = remaining_divisor(p, soft, largest);
  factors.hard_divisor = remaining_divisor(p, hard, largest);
}
