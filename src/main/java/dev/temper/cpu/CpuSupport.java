package dev.temper.cpu;

import dev.temper.Divergence;
import dev.temper.LossOption;
import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import java.util.EnumSet;

/** Decides which losses the CPU engine supports. */
final class CpuSupport {

  private static final Capabilities CAPABILITIES =
      new Capabilities(CpuSupport::hasDivergence, EnumSet.noneOf(LossOption.class));

  private CpuSupport() {}

  /** Returns whether the engine supports a call, with the first unsupported option. */
  static Support of(LossCall call) {
    return CAPABILITIES.check(call);
  }

  private static boolean hasDivergence(Divergence divergence) {
    return switch (divergence) {
      case Divergence.ForwardKl _, Divergence.JensenShannon _ -> true;
      case Divergence.ReverseKl _, Divergence.Mixed _, Divergence.SkewForwardKl _, Divergence.SkewReverseKl _,
          Divergence.TotalVariation _, Divergence.NegativeLogAcceptance _, Divergence.LogitMse _,
          Divergence.Dkd _ -> false;
    };
  }
}
