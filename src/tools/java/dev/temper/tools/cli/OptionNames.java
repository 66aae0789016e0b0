package dev.temper.tools.cli;

import dev.temper.LossArgumentException;
import dev.temper.LossOption;
import dev.temper.tools.files.PlainNumber;
import java.util.stream.Collectors;

/**
 * Writes messages of the library with the option names of the command line, such as {@code --num-classes 4} for {@code
 * numClasses 4.0}.
 */
final class OptionNames {

  private OptionNames() {}

  /**
   * Returns the message of an exception, with the option names of the command line and whole numbers without a decimal
   * point.
   */
  static String text(LossArgumentException e) {
    return e.words().stream().map(OptionNames::word).collect(Collectors.joining());
  }

  private static String word(Object word) {
    return switch (word) {
      case LossOption option -> name(option);
      case Double number -> PlainNumber.of(number);
      case Float number -> PlainNumber.of(Double.parseDouble(number.toString()));
      default -> word.toString();
    };
  }

  private static String name(LossOption option) {
    return switch (option) {
      case DIVERGENCE -> "--divergence";
      case TEMPERATURE -> "--temperature";
      case TEACHER_TEMPERATURE -> "--teacher-temperature";
      case SOFT_WEIGHT -> "--soft-weight";
      case HARD_WEIGHT -> "--hard-weight";
      case LABEL_SMOOTHING -> "--label-smoothing";
      case SOFTCAP -> "--softcap";
      case TEACHER_SOFTCAP -> "--teacher-softcap";
      case STANDARDISE -> "--standardise";
      case Z_LOSS -> "--z-loss";
      case SOFT_VALUE -> "--soft-value";
      case IGNORE_SCOPE -> "--ignore-scope";
      case IGNORE_INDEX -> "--ignore-index";
      case NUM_CLASSES -> "--num-classes";
      case REDUCTION -> "--reduction";
      case TEMPERATURE_SCALING -> "--no-temperature-scaling";
      case DENOMINATOR -> "--denominator";
      case SOFT_DENOMINATOR -> "--soft-denominator";
      case HARD_DENOMINATOR -> "--hard-denominator";
      case GRADIENT_SCALE -> "--gradient-scale";
      case GRADIENT_ADDED_TO -> "--accumulate";
      case TEMPERATURE_GRADIENT -> "--temperature-gradient";
      case ROW_LABEL_LOG_PROB, ROW_STUDENT_ENTROPY, ROW_TEACHER_ENTROPY, ROW_STUDENT_MASS, ROW_TEACHER_MASS,
          ROW_UNMAPPED_MASS -> "--row-outputs";
      // The command line has no option for a denominator in memory or a repeated row.
      case DENOMINATOR_IN_MEMORY, ROW_STRIDE_0 -> option.label();
    };
  }
}
