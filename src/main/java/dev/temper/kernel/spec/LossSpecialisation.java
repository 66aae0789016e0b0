package dev.temper.kernel.spec;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.MatrixView;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.spi.LossCall;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The loss kernel for one combination of types, divergence and parts. What a call does not use is set to the student's type, so
 * that calls which run the same code share one instance.
 *
 * @param student type of the student's logits
 * @param teacher type of the teacher's logits
 * @param gradient type of the gradient
 * @param policy the divergence
 * @param soft whether the soft part is computed
 * @param hard whether the cross-entropy is
 * @param power how the cross-entropy's exponentials come from the soft part's
 * @param pass what is written
 * @param plan how rows are spread over threads
 */
public record LossSpecialisation(
    DType student, DType teacher, DType gradient, Policy policy, boolean soft, boolean hard, HardPower power, Pass pass, RowPlan plan)
    implements RowSpecialisation {

  /** Divergences that the kernels have, by the policy in {@code kernels/divergence}. */
  public enum Policy {
    /** {@link Divergence.ForwardKl}. */
    FORWARD_KL("ForwardKl"),
    /** {@link Divergence.JensenShannon}. */
    JENSEN_SHANNON("JensenShannon");

    private final String macro;

    Policy(String macro) {
      this.macro = macro;
    }

    /** The policy of a divergence, if there is one yet. */
    public static Optional<Policy> of(Divergence divergence) {
      return switch (divergence) {
        case Divergence.ForwardKl _ -> Optional.of(FORWARD_KL);
        case Divergence.JensenShannon _ -> Optional.of(JENSEN_SHANNON);
        case Divergence.ReverseKl _, Divergence.Mixed _, Divergence.SkewForwardKl _, Divergence.SkewReverseKl _,
            Divergence.TotalVariation _, Divergence.LogitMse _ -> Optional.empty();
      };
    }

    /** The policy's one number; 0 where it has none. */
    public static double parameter(Divergence divergence) {
      return switch (divergence) {
        case Divergence.JensenShannon jsd -> jsd.beta();
        case Divergence.Mixed mixed -> mixed.lambda();
        case Divergence.SkewForwardKl skew -> skew.skew();
        case Divergence.SkewReverseKl skew -> skew.skew();
        case Divergence.ForwardKl _, Divergence.ReverseKl _, Divergence.TotalVariation _, Divergence.LogitMse _ -> 0;
      };
    }
  }

  /** exp(x) is exp(x/T)^T: for T = 1, 2 and 4 that saves one of three exponentials. */
  public enum HardPower {
    /** Any T, or T by row, or no soft part: a separate exponential. */
    NONE,
    /** T = 1. */
    SAME,
    /** T = 2. */
    SQUARED,
    /** T = 4. */
    FOURTH_POWER;

    static HardPower of(double temperature) {
      return temperature == 1 ? SAME : temperature == 2 ? SQUARED : temperature == 4 ? FOURTH_POWER : NONE;
    }
  }

  /** What one launch writes. */
  public enum Pass {
    /** Row losses, and row statistics if wanted. */
    FORWARD,
    /** Row losses and gradient. */
    FORWARD_BACKWARD,
    /** The gradient, from saved row statistics. */
    BACKWARD
  }

  /** The instance for a call whose divergence has a policy. */
  public static LossSpecialisation choose(LossCall call, DeviceLimits limits) {
    return of(call, RowPlans.choose(call.classes(), firstBytes(call), secondBytes(call), limits));
  }

  /** Every instance that could compute such a call, with one plan each: first the one that {@link #choose} takes. */
  public static List<LossSpecialisation> candidates(LossCall call, DeviceLimits limits) {
    return RowPlans.candidates(call.classes(), firstBytes(call), secondBytes(call), limits).stream().map(plan -> of(call, plan)).toList();
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
    var inputs = call.inputs();
    var outputs = call.outputs();
    DType student = inputs.student().dtype();
    Pass pass = call.savedStatistics() != null ? Pass.BACKWARD : outputs.gradient() != null ? Pass.FORWARD_BACKWARD : Pass.FORWARD;
    boolean shared = soft && hard && inputs.rowTemperatures() == null;
    MatrixView teacher = call.teacherLogits();
    return new LossSpecialisation(student, soft && teacher != null ? teacher.dtype() : student,
        outputs.gradient() == null ? student : outputs.gradient().dtype(),
        soft ? Policy.of(call.loss().divergence()).orElseThrow() : Policy.FORWARD_KL, soft, hard,
        shared ? HardPower.of(call.loss().temperature()) : HardPower.NONE, pass, plan);
  }

  /** The instance for rows of so many classes. */
  public static LossSpecialisation of(DType student, DType teacher, DType gradient, Policy policy, boolean soft, boolean hard,
      HardPower power, Pass pass, int classes, DeviceLimits limits) {
    RowPlan plan = RowPlans.choose(classes, student.bytes(), soft ? teacher.bytes() : 0, limits);
    return new LossSpecialisation(student, teacher, gradient, policy, soft, hard, power, pass, plan);
  }

  /** Bytes of an element of the teacher, 0 where none is read. */
  public int teacherBytes() {
    return soft ? teacher.bytes() : 0;
  }

  /** Whether a team asks for its next row while it writes a gradient ({@code kPrefetches} in the sources). */
  public boolean takesNext() {
    return plan.stays() && pass != Pass.FORWARD;
  }

  /** Dynamic shared memory per block for rows of so many classes. */
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
        "TEMPER_EXP_REUSE=" + Specialisation.macro(power), "TEMPER_PASS=" + Specialisation.macro(pass)));
  }

  /** Of what tells most instances apart, by plain code: a record's own is linked at run time, which costs a new process 14 ms. */
  @Override
  public int hashCode() {
    return Objects.hash(student, teacher, gradient, policy, soft, hard, power, pass);
  }
}
