package dev.temper.kernel.spec;

import dev.temper.LossOption;
import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import dev.temper.spi.layout.DivergencePolicy;
import java.util.EnumSet;
import java.util.Set;

/** Which losses the kernels compute. */
public final class KernelSupport {

  private static final Set<String> HAS = Set.of("ForwardKl", "JensenShannon");

  private static final Capabilities CAPABILITIES =
      new Capabilities(divergence -> HAS.contains(DivergencePolicy.of(divergence).name()), EnumSet.noneOf(LossOption.class));

  private KernelSupport() {}

  /** Whether a call is computed, or the first option that is not there yet. */
  public static Support of(LossCall call) {
    return CAPABILITIES.check(call);
  }
}
