package dev.temper;

import dev.temper.internal.Names;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** Reads the labels of divergences, such as {@code jsd:0.5}. */
final class DivergenceLabels {

  private static final List<String> NAMES = List.of("forward-kl", "reverse-kl", "mixed", "jsd", "skew-forward-kl",
      "skew-reverse-kl", "tvd", "nla", "logit-mse", "dkd");

  private DivergenceLabels() {}

  static Divergence parse(String text) {
    String label = text.toLowerCase(Locale.ROOT).strip();
    int colon = label.indexOf(':');
    String name = colon < 0 ? label : label.substring(0, colon);
    return switch (name) {
      case "forward-kl" -> plain(label, Divergence.forwardKl());
      case "reverse-kl" -> plain(label, Divergence.reverseKl());
      case "mixed" -> withParameter(label, Divergence::mixed);
      case "jsd" -> withParameter(label, Divergence::jensenShannon);
      case "skew-forward-kl" -> withParameter(label, Divergence::skewForwardKl);
      case "skew-reverse-kl" -> withParameter(label, Divergence::skewReverseKl);
      case "tvd" -> plain(label, Divergence.totalVariation());
      case "nla" -> plain(label, Divergence.negativeLogAcceptance());
      case "logit-mse" -> plain(label, Divergence.logitMse());
      case "dkd" -> dkd(label);
      default -> throw new IllegalArgumentException("unknown divergence '" + label + "'"
          + Names.suggestion(name, NAMES) + "; known: forward-kl, reverse-kl, mixed:L, jsd:B, skew-forward-kl:A,"
          + " skew-reverse-kl:A, tvd, nla, logit-mse, dkd:A,B");
    };
  }

  private static Divergence plain(String label, Divergence divergence) {
    if (label.indexOf(':') >= 0) {
      throw new IllegalArgumentException("divergence " + divergence.label() + " takes no parameter, found '" + label
          + "'");
    }
    return divergence;
  }

  private static Divergence withParameter(String label, DoubleFunction<Divergence> kind) {
    int colon = label.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("divergence " + label + " needs its parameter, such as " + label + ":0.5");
    }
    String name = label.substring(0, colon);
    return kind.apply(number(name, label.substring(colon + 1), name + ":0.5"));
  }

  private static Divergence dkd(String label) {
    int comma = label.indexOf(',');
    if (!label.startsWith("dkd:") || comma < 0) {
      throw new IllegalArgumentException("divergence " + label + " needs two weights, such as dkd:1,8");
    }
    return Divergence.dkd(number("dkd", label.substring("dkd:".length(), comma), "dkd:1,8"),
        number("dkd", label.substring(comma + 1), "dkd:1,8"));
  }

  private static double number(String name, String number, String example) {
    try {
      return Double.parseDouble(number);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "divergence " + name + ": '" + number + "' is not a number; expected something like " + example, e);
    }
  }
}
