package dev.temper.kernel.spec;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.spi.LossCall;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The loss kernel for one combination of types, divergence and parts. Types that a call does not use are set to the
 * student's, so that calls of the same code share one specialisation.
 *
 * @param student type of the student's logits
 * @param teacher type of the teacher's logits
 * @param gradient type of the gradient
 * @param policy the divergence
 * @param soft whether the soft part is computed
 * @param hard whether the cross-entropy is computed
 * @param expReuse how the cross-entropy reuses the exponentials of the soft part
 * @param pass what is written
 * @param plan how rows are spread over threads
 */
public record LossSpecialisation(DType student, DType teacher, DType gradient, Policy policy, boolean soft,
    boolean hard,
    ExpReuse expReuse, Pass pass, RowPlan plan) implements RowSpecialisation {

  /** The divergences that the kernels have, each a policy in {@code kernels/divergence}. */
  public enum Policy {
    /** {@link Divergence.ForwardKl}. */
    FORWARD_KL("ForwardKl"),
    /** {@link Divergence.JensenShannon}. */
    JENSEN_SHANNON("JensenShannon");

    private final String macro;

    Policy(String macro) {
      this.macro = macro;
    }

    /** The policy of a divergence; empty if the kernels have none. */
    public static Optional<Policy> of(Divergence divergence) {
      return switch (divergence) {
        case Divergence.ForwardKl _ -> Optional.of(FORWARD_KL);
        case Divergence.JensenShannon _ -> Optional.of(JENSEN_SHANNON);
        case Divergence.ReverseKl _, Divergence.Mixed _, Divergence.SkewForwardKl _, Divergence.SkewReverseKl _,
            Divergence.TotalVariation _, Divergence.NegativeLogAcceptance _, Divergence.LogitMse _,
            Divergence.Dkd _ -> Optional.empty();
      };
    }

    /** The parameter of the divergence; 0 if it has none. */
    public static double parameter(Divergence divergence) {
      return switch (divergence) {
        case Divergence.JensenShannon jsd -> jsd.beta();
        case Divergence.Mixed mixed -> mixed.lambda();
        case Divergence.SkewForwardKl skew -> skew.skew();
        case Divergence.SkewReverseKl skew -> skew.skew();
        case Divergence.ForwardKl _, Divergence.ReverseKl _, Divergence.TotalVariation _,
            Divergence.NegativeLogAcceptance _, Divergence.LogitMse _, Divergence.Dkd _ -> 0;
      };
    }
  }

  /**
   * How the cross-entropy's exponential exp(z) is obtained from the soft part's e = exp(z/T): as e^T, which saves one
   * of three exponentials per class.
   */
  public enum ExpReuse {
    /** A separate exponential: for other T, for temperatures by row, and without a soft part. */
    NONE,
    /** e, for T = 1. */
    SAME,
    /** e^2, for T = 2. */
    SQUARED,
    /** e^4, for T = 4. */
    FOURTH_POWER;

    static ExpReuse of(double temperature) {
      return temperature == 1 ? SAME : temperature == 2 ? SQUARED : temperature == 4 ? FOURTH_POWER : NONE;
    }
  }

  /** What a launch computes. */
  public enum Pass {
    /** Row losses, and row statistics if there is memory for them. */
    FORWARD,
    /** Row losses and gradient. */
    FORWARD_BACKWARD,
    /** The gradient, from saved row statistics. */
    BACKWARD
  }

  /** The specialisation for a call whose divergence has a policy. */
  public static LossSpecialisation choose(LossCall call, DeviceLimits limits) {
    return of(call, RowPlans.choose(call.classes(), firstBytes(call), secondBytes(call), limits));
  }

  /** Specialisations for a call, one for each possible plan; {@link #choose} returns the first. */
  public static List<LossSpecialisation> candidates(LossCall call, DeviceLimits limits) {
    return RowPlans.candidates(call.classes(), firstBytes(call), secondBytes(call), limits).stream()
        .map(plan -> of(call, plan)).toList();
  }

  private static int firstBytes(LossCall call) {
    return call.inputs().student().dtype().bytes();
  }

  private static int secondBytes(LossCall call) {
    MatrixView teacher = call.teacherLogits();
    return !call.usesTeacher() ? 0 : teacher != null ? teacher.dtype().bytes() : firstBytes(call);
  }

  private static LossSpecialisation of(LossCall call, RowPlan plan) {
    boolean soft = call.usesTeacher();
    boolean hard = call.usesCrossEntropy();
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    DType student = inputs.student().dtype();
    Pass pass = call.savedStatistics() != null ? Pass.BACKWARD
        : outputs.gradient() != null ? Pass.FORWARD_BACKWARD : Pass.FORWARD;
    boolean oneTemperature = soft && hard && inputs.rowTemperatures() == null;
    MatrixView teacher = call.teacherLogits();
    return new LossSpecialisation(student, soft && teacher != null ? teacher.dtype() : student,
        outputs.gradient() == null ? student : outputs.gradient().dtype(),
        soft ? Policy.of(call.loss().divergence()).orElseThrow() : Policy.FORWARD_KL, soft, hard,
        oneTemperature ? ExpReuse.of(call.loss().temperature()) : ExpReuse.NONE, pass, plan);
  }

  /** The specialisation for rows of that many classes. */
  public static LossSpecialisation of(DType student, DType teacher, DType gradient, Policy policy, boolean soft,
      boolean hard,
      ExpReuse expReuse, Pass pass, int classes, DeviceLimits limits) {
    RowPlan plan = RowPlans.choose(classes, student.bytes(), soft ? teacher.bytes() : 0, limits);
    return new LossSpecialisation(student, teacher, gradient, policy, soft, hard, expReuse, pass, plan);
  }

  /** Bytes of an element of the teacher; 0 if no teacher is read. */
  public int teacherBytes() {
    return soft ? teacher.bytes() : 0;
  }

  /** Whether a thread group loads its next row while it writes a gradient ({@code kPrefetches} in the sources). */
  public boolean prefetches() {
    return plan.prefetches() && pass != Pass.FORWARD;
  }

  /** Dynamic shared memory per block for rows of that many classes. */
  public long sharedBytes(int classes) {
    return plan.sharedBytes(classes, student.bytes(), teacherBytes());
  }

  @Override
  public String parameters() {
    return "LossParameters";
  }

  @Override
  public String source() {
    return "loss.cu";
  }

  @Override
  public List<String> definitions() {
    return withPlan(List.of("TEMPER_KERNEL=" + ENTRY,
        "TEMPER_STUDENT=" + Specialisation.macro(student), "TEMPER_TEACHER=" + Specialisation.macro(teacher),
        "TEMPER_GRADIENT=" + Specialisation.macro(gradient), "TEMPER_DIVERGENCE=" + policy.macro,
        "TEMPER_SOFT=" + (soft ? 1 : 0), "TEMPER_HARD=" + (hard ? 1 : 0),
        "TEMPER_EXP_REUSE=" + Specialisation.macro(expReuse), "TEMPER_PASS=" + Specialisation.macro(pass)));
  }

  /**
   * Leaves out the plan, which most specialisations do not differ in. A record's generated method would cost a new
   * process 14 ms.
   */
  @Override
  public int hashCode() {
    return Objects.hash(student, teacher, gradient, policy, soft, hard, expReuse, pass);
  }
}
