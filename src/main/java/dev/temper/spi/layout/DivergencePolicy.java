package dev.temper.spi.layout;

import dev.temper.Divergence;
import java.util.List;

/**
 * The policy of {@code kernels/divergence} that computes a divergence.
 *
 * @param name name of the C++ struct
 * @param parameter parameter of the policy; 0 if the policy has none
 * @param complement second parameter of the policy, which is 1 - parameter for a share
 * @param tempered whether temperatures and T^2 have an effect
 */
public record DivergencePolicy(String name, double parameter, double complement, boolean tempered) {

  private static final String LOGIT_MSE = "LogitMse";

  /** The names of all policies, in the order of {@code kernels/divergence/all.h}. */
  public static final List<String> NAMES = List.of("ForwardKl", "ReverseKl", "MixedKl", "JensenShannon",
      "SkewForwardKl", "SkewReverseKl", "TotalVariation", "NegativeLogAcceptance", "DecoupledKl", LOGIT_MSE);

  private static final DivergencePolicy FORWARD_KL = tempered("ForwardKl", 0);
  private static final DivergencePolicy REVERSE_KL = tempered("ReverseKl", 0);

  /** Returns whether temperatures and T^2 have an effect on the policy of that name. */
  public static boolean isTempered(String name) {
    return !name.equals(LOGIT_MSE);
  }

  /** Returns the policy. A mixed or skewed KL at the end of its range is a plain KL. */
  public static DivergencePolicy of(Divergence divergence) {
    return switch (divergence) {
      case Divergence.ForwardKl _ -> FORWARD_KL;
      case Divergence.ReverseKl _ -> REVERSE_KL;
      case Divergence.Mixed mixed when mixed.lambda() == 1 -> FORWARD_KL;
      case Divergence.Mixed mixed when mixed.lambda() == 0 -> REVERSE_KL;
      case Divergence.Mixed mixed -> tempered("MixedKl", mixed.lambda());
      case Divergence.JensenShannon jsd -> tempered("JensenShannon", jsd.beta());
      case Divergence.SkewForwardKl skew when skew.skew() == 0 -> FORWARD_KL;
      case Divergence.SkewForwardKl skew -> tempered("SkewForwardKl", skew.skew());
      case Divergence.SkewReverseKl skew when skew.skew() == 0 -> REVERSE_KL;
      case Divergence.SkewReverseKl skew -> tempered("SkewReverseKl", skew.skew());
      case Divergence.TotalVariation _ -> tempered("TotalVariation", 0);
      case Divergence.NegativeLogAcceptance _ -> tempered("NegativeLogAcceptance", 0);
      case Divergence.Dkd dkd -> new DivergencePolicy("DecoupledKl", dkd.a(), dkd.b(), true);
      case Divergence.LogitMse _ -> new DivergencePolicy(LOGIT_MSE, 0, 1, false);
    };
  }

  private static DivergencePolicy tempered(String name, double parameter) {
    return new DivergencePolicy(name, parameter, 1 - parameter, true);
  }
}
