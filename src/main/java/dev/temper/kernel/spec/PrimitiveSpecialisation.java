package dev.temper.kernel.spec;

import dev.temper.DType;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.spi.layout.PrimitiveParameters.Primitive;
import java.util.List;

/**
 * Softmax, log-softmax or argmax for one combination of types. Types that a primitive does not use are set to the
 * input's.
 *
 * @param input type of the logits
 * @param upstream type of the gradient with respect to the log-probabilities
 * @param output type of the output
 * @param primitive the operation
 * @param plan how rows are spread over threads
 */
public record PrimitiveSpecialisation(DType input, DType upstream, DType output, Primitive primitive, RowPlan plan)
    implements RowSpecialisation {

  /** The specialisation for rows of this shape. */
  public static PrimitiveSpecialisation choose(
      Primitive primitive, DType input, DType upstream, DType output, int classes, DeviceLimits limits) {
    boolean backward = primitive == Primitive.LOG_SOFTMAX_BACKWARD;
    RowPlan plan = RowPlans.chooseWithoutRing(classes, input.bytes(), backward ? upstream.bytes() : 0, limits);
    return new PrimitiveSpecialisation(
        input, backward ? upstream : input, primitive == Primitive.ARGMAX ? input : output, primitive, plan);
  }

  @Override
  public String parameters() {
    return "PrimitiveParameters";
  }

  @Override
  public String source() {
    return "softmax.cu";
  }

  @Override
  public List<String> definitions() {
    return withPlan(List.of("TEMPER_KERNEL=" + ENTRY,
        "TEMPER_INPUT=" + Specialisation.macro(input), "TEMPER_UPSTREAM=" + Specialisation.macro(upstream),
        "TEMPER_OUTPUT=" + Specialisation.macro(output), "TEMPER_PRIMITIVE=" + Specialisation.macro(primitive)));
  }
}
