package dev.temper;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;

/** The divergences by their names on the command line. */
final class DivergenceNames {

  private static final Map<String, Supplier<Divergence>> PLAIN = new LinkedHashMap<>();
  private static final Map<String, DoubleFunction<Divergence>> WITH_PARAMETER = new LinkedHashMap<>();

  static {
    PLAIN.put("forward-kl", Divergence::forwardKl);
    PLAIN.put("reverse-kl", Divergence::reverseKl);
    PLAIN.put("tvd", Divergence::totalVariation);
    PLAIN.put("logit-mse", Divergence::logitMse);
    WITH_PARAMETER.put("mixed", Divergence::mixed);
    WITH_PARAMETER.put("jsd", Divergence::jensenShannon);
    WITH_PARAMETER.put("skew-forward-kl", Divergence::skewForwardKl);
    WITH_PARAMETER.put("skew-reverse-kl", Divergence::skewReverseKl);
  }

  private DivergenceNames() {}

  static Divergence parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    Supplier<Divergence> plain = PLAIN.get(name);
    if (plain != null) {
      if (colon >= 0) {
        throw new IllegalArgumentException("divergence " + name + " takes no parameter, found '" + text + "'");
      }
      return plain.get();
    }
    DoubleFunction<Divergence> withParameter = WITH_PARAMETER.get(name);
    if (withParameter == null) {
      throw new IllegalArgumentException("unknown divergence '" + text + "'" + Names.suggestion(name, names())
          + "; known: forward-kl, reverse-kl, mixed:L, jsd:B, skew-forward-kl:A, skew-reverse-kl:A, tvd, logit-mse");
    }
    if (colon < 0) {
      throw new IllegalArgumentException("divergence " + name + " needs its parameter, such as " + name + ":0.5");
    }
    String number = text.substring(colon + 1);
    try {
      return withParameter.apply(Double.parseDouble(number));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "divergence " + name + ": '" + number + "' is not a number; expected something like " + name + ":0.5", e);
    }
  }

  private static Iterable<String> names() {
    var names = new java.util.ArrayList<>(PLAIN.keySet());
    names.addAll(WITH_PARAMETER.keySet());
    return names;
  }
}
