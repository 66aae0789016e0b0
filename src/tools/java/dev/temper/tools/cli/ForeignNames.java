package dev.temper.tools.cli;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Names from papers and other toolkits, with the names of the same things in Temper. */
final class ForeignNames {

  private static final Map<String, String> OPTIONS = Map.of(
      "--t", "--temperature", "-t", "--temperature", "--tau", "--temperature", "--temp", "--temperature", "--lr",
          "--learning-rate");

  private static final Map<String, String> DIVERGENCES = Map.of(
      "kl", "forward-kl", "kld", "forward-kl", "kl-div", "forward-kl", "fkl", "forward-kl", "rkl", "reverse-kl",
      "js", "jsd:0.5", "jensen-shannon", "jsd:0.5", "mse", "logit-mse", "tv", "tvd");

  private ForeignNames() {}

  /**
   * Returns the end of an error message that gives the option for a name of another toolkit. Empty for unknown names.
   *
   * @param options the options of the verb
   */
  static String ofOption(String unknown, Set<String> options) {
    String name = unknown.toLowerCase(Locale.ROOT);
    if (name.equals("--alpha") && options.contains("--soft-weight")) {
      String labels = options.contains("--hard-weight") ? "--hard-weight that of the labels"
          : "and the labels get the rest";
      return "; half of the literature puts alpha on the teacher, half on the labels: here --soft-weight is the weight"
          + " of the teacher, " + labels;
    }
    String meant = OPTIONS.getOrDefault(name, "");
    return options.contains(meant) ? " (did you mean '" + meant + "'?)" : "";
  }

  /** Returns the divergence for a name of another toolkit. Empty for unknown names. */
  static String ofDivergence(String unknown) {
    return DIVERGENCES.getOrDefault(unknown.toLowerCase(Locale.ROOT).replace('_', '-'), "");
  }
}
