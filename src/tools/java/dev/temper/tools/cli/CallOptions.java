package dev.temper.tools.cli;

import dev.temper.ChunkLogits;
import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.EngineOptions;
import dev.temper.LossInputs;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** Options of {@code temper loss}: the numbers of one call, and its outputs beside the gradient and the losses. */
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

  /** Reads {@link ChunkLogits#label()}. */
  static final class ChunkLogitsName implements ITypeConverter<ChunkLogits> {
    @Override
    public ChunkLogits convert(String text) {
      return LossOptions.choose("type", text, ChunkLogits.values(), ChunkLogits::label);
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

  @Option(names = "--gradient-scale", paramLabel = "G",
      description = "Factor on the gradient but not on the loss (default: 1).")
  private @Nullable Double gradientScale;

  @Option(names = "--gradient-dtype", paramLabel = "TYPE", converter = GradientDTypeName.class,
      description = "Type of the gradient: student (that of the student's logits) or f32 (default: student, or that of"
          + " the tensor gradient under --accumulate).")
  private @Nullable GradientDType gradientDType;

  @Option(names = "--workspace-mib", paramLabel = "N",
      description = "Limit of the memory for chunks of logits, for a student given by hidden states (default: 256, on a"
          + " GPU 1536).")
  private @Nullable Long workspace;

  @Option(names = "--chunk-logits", paramLabel = "TYPE", converter = ChunkLogitsName.class,
      description = "Type of the logits of a chunk: f32, or student: that of each head, which is less accurate"
          + " (default: f32).")
  private @Nullable ChunkLogits chunkLogits;

  @Option(names = "--tf32",
      description = "Let products of f32 heads use TF32 on cuda, which rounds factors to 11 bits.")
  private boolean tf32;

  @Option(names = "--accumulate",
      description = "Add the gradient to the tensor gradient of the batch, which has the shape of student; for hidden"
          + " states to gradient_hidden, gradient_weight and gradient_bias.")
  boolean accumulate;

  @Option(names = "--temperature-gradient",
      description = "Compute the derivative of the loss with respect to the temperature too; forward-kl only.")
  boolean temperatureGradient;

  @Option(names = "--row-outputs",
      description = "Write row_label_log_prob, row_student_entropy and row_teacher_entropy [rows] to --output too;"
          + " with lists also row_student_mass and row_teacher_mass, with a class map row_unmapped_mass.")
  boolean rowOutputs;

  /**
   * The options of the engine.
   *
   * @throws IllegalArgumentException if the workspace is out of range
   */
  EngineOptions engine() {
    EngineOptions options = EngineOptions.defaults()
        .withChunkLogits(chunkLogits == null ? ChunkLogits.F32 : chunkLogits).withTf32(tf32);
    if (workspace == null) {
      return options;
    }
    if (workspace < 1 || workspace > Long.MAX_VALUE >> 20) {
      throw new IllegalArgumentException("--workspace-mib is " + workspace + ", expected 1 or more, and at most "
          + (Long.MAX_VALUE >> 20));
    }
    return options.withHeadWorkspace(workspace << 20);
  }

  /**
   * Refuses the options of a head, which have no effect on a student that is given by logits.
   *
   * @throws IllegalArgumentException if one of them was given
   */
  void refuseHeadOptions() {
    if (workspace != null) {
      throw needsHead("--workspace-mib is " + workspace);
    }
    if (chunkLogits != null) {
      throw needsHead("--chunk-logits is " + chunkLogits.label());
    }
    if (tf32) {
      throw needsHead("--tf32 is given");
    }
  }

  private static IllegalArgumentException needsHead(String option) {
    return new IllegalArgumentException(option + ", but the student is given by logits, which need no products; use it"
        + " with the tensors student_hidden and student_weight, or leave it out");
  }

  /**
   * Refuses the options that need an output file.
   *
   * @throws IllegalArgumentException if one of them was given
   */
  void requireNoOutput() {
    requireNoOutput("--accumulate", accumulate);
    requireNoOutput("--row-outputs", rowOutputs);
    requireNoOutput("--gradient-dtype", gradientDType != null);
    requireNoOutput("--gradient-scale", gradientScale != null);
  }

  private static void requireNoOutput(String option, boolean isGiven) {
    if (isGiven) {
      throw new IllegalArgumentException(option + " changes what --output receives, but --output is missing; give a"
          + " file name, or leave " + option + " out");
    }
  }

  /** The inputs with the numbers of this call. */
  LossInputs apply(LossInputs batch) {
    LossInputs inputs = gradientScale == null ? batch : batch.withGradientScale(gradientScale);
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
