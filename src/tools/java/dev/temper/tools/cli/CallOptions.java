package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.LossInputs;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** Mixin of {@code temper loss}: the numbers of one call, and what it writes beside the gradient and the losses. */
final class CallOptions {

  enum GradientDType {
    STUDENT,
    F32
  }

  /** Reads {@link GradientDType}. */
  static final class GradientDTypeName implements ITypeConverter<GradientDType> {
    @Override
    public GradientDType convert(String text) {
      return LossOptions.choose("type", text, GradientDType.values(), type -> type.name().toLowerCase(Locale.ROOT));
    }
  }

  @Option(names = "--denominator", paramLabel = "D",
      description = "Divisor of a mean, such as a global token count (default: the number of rows).")
  private @Nullable Double denominator;

  @Option(names = "--soft-denominator", paramLabel = "D",
      description = "Divisor of the soft part's mean (default: --denominator).")
  private @Nullable Double softDenominator;

  @Option(names = "--hard-denominator", paramLabel = "D",
      description = "Divisor of the hard part's mean (default: --denominator).")
  private @Nullable Double hardDenominator;

  @Option(names = "--gradient-scale", paramLabel = "G", defaultValue = "1",
      description = "Factor on the gradient but not on the loss (default: ${DEFAULT-VALUE}).")
  double gradientScale;

  @Option(names = "--gradient-dtype", paramLabel = "TYPE", converter = GradientDTypeName.class,
      description = "Type of the gradient: student (that of the student's logits) or f32 (default: student, or that of"
          + " the tensor gradient under --accumulate).")
  private @Nullable GradientDType gradientDType;

  @Option(names = "--accumulate",
      description = "Add the gradient to the tensor gradient of the batch, which has the shape of student.")
  boolean accumulate;

  @Option(names = "--temperature-gradient",
      description = "Compute the derivative of the loss by the temperature too; forward-kl only.")
  boolean temperatureGradient;

  @Option(names = "--row-outputs",
      description = "Write row_label_log_prob, row_student_entropy and row_teacher_entropy [rows] to --output too;"
          + " with lists also row_student_mass and row_teacher_mass, with a class map row_unmapped_mass.")
  boolean rowOutputs;

  /** The inputs with the numbers of this call. */
  LossInputs apply(LossInputs batch) {
    LossInputs inputs = batch.withGradientScale(gradientScale);
    if (denominator != null) {
      inputs = inputs.withDenominator(denominator);
    }
    if (softDenominator != null) {
      inputs = inputs.withSoftDenominator(Denominator.of(softDenominator));
    }
    if (hardDenominator != null) {
      inputs = inputs.withHardDenominator(Denominator.of(hardDenominator));
    }
    return inputs;
  }

  /** The type of the gradient that was given; null where none was. */
  @Nullable DType gradientDType(DType student) {
    return switch (gradientDType) {
      case null -> null;
      case STUDENT -> student;
      case F32 -> DType.F32;
    };
  }
}
