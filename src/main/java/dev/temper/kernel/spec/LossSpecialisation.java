package dev.temper.kernel.spec;

import dev.temper.DType;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RingCopies;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.kernel.plan.RowStorage;
import dev.temper.spi.LossCall;
import dev.temper.spi.TeacherForm;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.spi.layout.Pass;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The loss kernel for one combination of types, divergence and parts. Types that a call does not use are set to the
 * student's, so that calls of the same code share one specialisation.
 *
 * @param student type of the student's logits
 * @param teacher type of the teacher's logits
 * @param gradient type of the gradient
 * @param policy name of the C++ struct of the divergence
 * @param soft whether the soft part is computed
 * @param hard whether the cross-entropy is computed
 * @param expReuse how the cross-entropy reuses the exponentials of the soft part
 * @param features options of the call that need additional code
 * @param pass outputs of a launch
 * @param plan how rows are spread over threads
 */
public record LossSpecialisation(DType student, DType teacher, DType gradient, String policy, boolean soft,
    boolean hard, ExpReuse expReuse, Set<Feature> features, Pass pass, RowPlan plan) implements RowSpecialisation {

  private static final String FORWARD_KL = "ForwardKl";
  private static final String MANY_REGISTERS = "NegativeLogAcceptance";

  /** The policies that {@code kernels/teacher/list.h} names. */
  public static final Set<String> LIST_POLICIES = Set.of("ForwardKl", "ReverseKl", "JensenShannon");

  private static final int VECTOR_BYTES = 16;

  /** The policy of a loss without a soft part, which the kernel does not use. */
  public static final String NO_DIVERGENCE = FORWARD_KL;

  /** The specialisation for a call. */
  public static LossSpecialisation choose(LossCall call, DeviceLimits limits) {
    LossSpecialisation usual = usual(call, limits);
    return usual.fits(call.classes(), limits) ? usual : candidates(call, limits).getFirst();
  }

  /** Whether a block has the shared memory that a call needs. Only the masks of lists can be too large. */
  static boolean exists(LossCall call, DeviceLimits limits) {
    return usual(call, limits).fits(call.classes(), limits) || !candidates(call, limits).isEmpty();
  }

  /** Returns the specialisation with the plan of the thresholds, which do not count the memory of a list's mask. */
  private static LossSpecialisation usual(LossCall call, DeviceLimits limits) {
    return of(call,
        plan(Feature.of(call), policy(call), call.classes(), firstBytes(call), secondBytes(call), limits));
  }

  /** Returns the specialisations for a call, one for each possible plan. The first one is that of {@link #choose}. */
  public static List<LossSpecialisation> candidates(LossCall call, DeviceLimits limits) {
    boolean rings = mayHaveRing(Feature.of(call), policy(call), limits);
    return RowPlans.candidates(call.classes(), firstBytes(call), secondBytes(call), rings, limits).stream()
        .map(plan -> of(call, plan)).filter(loss -> loss.fits(call.classes(), limits)).toList();
  }

  /**
   * Returns whether rows may be stored in a ring. Features need more registers than the threads of a ring have, and so
   * does one policy before compute capability 9.0.
   */
  private static boolean mayHaveRing(Set<Feature> features, String policy, DeviceLimits limits) {
    return features.isEmpty() && (!policy.equals(MANY_REGISTERS) || limits.ringCopies() == RingCopies.BULK);
  }

  /** The plan for rows of this shape. */
  private static RowPlan plan(Set<Feature> features, String policy, int classes, int firstBytes, int secondBytes,
      DeviceLimits limits) {
    return mayHaveRing(features, policy, limits) ? RowPlans.choose(classes, firstBytes, secondBytes, limits)
        : RowPlans.chooseWithoutRing(classes, firstBytes, secondBytes, limits);
  }

  private static String policy(LossCall call) {
    return call.usesTeacher() ? DivergencePolicy.of(call.loss().divergence()).name() : NO_DIVERGENCE;
  }

  private static int firstBytes(LossCall call) {
    return call.inputs().student().dtype().bytes();
  }

  private static int secondBytes(LossCall call) {
    MatrixView teacher = call.teacherLogits();
    return !call.usesTeacher() || call.teacherLists() != null ? 0
        : call.teacherForm() != TeacherForm.LOGITS ? Float.BYTES
        : teacher != null ? teacher.dtype().bytes() : firstBytes(call);
  }

  private static LossSpecialisation of(LossCall call, RowPlan plan) {
    boolean soft = call.usesTeacher();
    boolean hard = call.usesCrossEntropy() || call.outputs().row(RowOutput.LABEL_LOG_PROB) != null;
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    DType student = inputs.student().dtype();
    boolean oneTemperature = soft && hard && inputs.rowTemperatures() == null && !call.loss().standardise()
        && DivergencePolicy.of(call.loss().divergence()).tempered();
    MatrixView teacher = call.teacherLogits();
    return new LossSpecialisation(student, soft && teacher != null ? teacher.dtype() : student,
        outputs.gradient() == null ? student : outputs.gradient().dtype(),
        policy(call), soft, hard,
        oneTemperature ? ExpReuse.of(call.loss().temperature()) : ExpReuse.NONE, Set.of(), Pass.of(call), plan)
        .with(Feature.of(call));
  }

  /** Returns the specialisation of a loss without features, for rows of a number of classes. */
  public static LossSpecialisation of(DType student, DType teacher, DType gradient, String policy, boolean soft,
      boolean hard, ExpReuse expReuse, Pass pass, int classes, DeviceLimits limits) {
    RowPlan plan = plan(Set.of(), policy, classes, student.bytes(), soft ? teacher.bytes() : 0, limits);
    return new LossSpecialisation(student, teacher, gradient, policy, soft, hard, expReuse, Set.of(), pass, plan);
  }

  /**
   * Returns this specialisation with other features, and with the plan for rows of a number of classes with these
   * features.
   */
  LossSpecialisation with(Set<Feature> given, int classes, DeviceLimits limits) {
    LossSpecialisation loss = with(given);
    return new LossSpecialisation(loss.student, loss.teacher, gradient, policy, soft, hard, loss.expReuse,
        loss.features, pass, plan(loss.features, policy, classes, student.bytes(), loss.teacherBytes(), limits));
  }

  /** Returns this specialisation with another plan. */
  public LossSpecialisation with(RowPlan other) {
    return new LossSpecialisation(student, teacher, gradient, policy, soft, hard, expReuse, features, pass, other);
  }

  /** Returns this specialisation with the given features, except those that have no effect on it. */
  LossSpecialisation with(Set<Feature> given) {
    EnumSet<Feature> other = EnumSet.noneOf(Feature.class);
    boolean tempered = soft && DivergencePolicy.isTempered(policy);
    boolean lists = soft && given.contains(Feature.LISTS) && LIST_POLICIES.contains(policy);
    boolean prepared = tempered && !lists && given.contains(Feature.PREPARED);
    for (Feature feature : given) {
      boolean hasEffect = switch (feature) {
        case TWO_SCALES -> tempered && !lists;
        case SMOOTHING -> hard;
        case STUDENT_SOFTCAP -> true;
        case TEACHER_SOFTCAP -> soft && !lists;
        case ENTROPIES -> pass != Pass.BACKWARD;
        case TEMPERATURE_GRADIENT -> soft && pass != Pass.BACKWARD && !lists && policy.equals(FORWARD_KL);
        case STANDARDISE -> tempered && !lists && expReuse == ExpReuse.NONE;
        case ACCUMULATE -> pass != Pass.FORWARD;
        case LISTS -> lists;
        case PREPARED -> prepared;
      };
      if (hasEffect) {
        other.add(feature);
      }
    }
    DType read = lists ? student : prepared ? DType.F32 : teacher;
    return new LossSpecialisation(student, read, gradient, policy, soft, hard,
        lists ? ExpReuse.NONE : expReuse, other, pass, plan);
  }

  /** Bytes of an element of the teacher; 0 unless the kernel reads a teacher row over all classes. */
  public int teacherBytes() {
    return soft && !readsLists() ? teacher.bytes() : 0;
  }

  /** Whether the teacher is given by lists of classes. */
  public boolean readsLists() {
    return features.contains(Feature.LISTS);
  }

  private boolean fits(int classes, DeviceLimits limits) {
    return sharedBytes(classes) <= limits.sharedPerBlock();
  }

  /** Offset in bytes of the masks of lists in the shared memory of a block ({@code kernels/teacher/list_mask.cuh}). */
  public long listMaskOffset(int classes) {
    return Math.ceilDiv(plan.sharedBytes(classes, student.bytes(), teacherBytes()), 16L) * 16;
  }

  /** Whether a thread group loads its next row while it writes a gradient ({@code kPrefetches} in the sources). */
  public boolean prefetches() {
    return plan.prefetches() && (pass != Pass.FORWARD || plan.storage() instanceof RowStorage.Ring);
  }

  /** Dynamic shared memory of a block in bytes, for rows of a number of classes. */
  public long sharedBytes(int classes) {
    if (!readsLists()) {
      return plan.sharedBytes(classes, student.bytes(), teacherBytes());
    }
    long perVector = VECTOR_BYTES / student.bytes();
    long words = Math.ceilDiv((classes + 2 * (perVector - 1)) / perVector, (long) Integer.BYTES);
    int groups = plan.lanes() > 0 ? plan.threads() / plan.lanes() : 1;
    return listMaskOffset(classes) + groups * words * Integer.BYTES;
  }

  @Override
  public String parameters() {
    return "LossParameters";
  }

  @Override
  public String source() {
    return readsLists() ? "list_loss.cu" : "loss.cu";
  }

  @Override
  public List<String> definitions() {
    List<String> macros = new ArrayList<>(List.of("TEMPER_KERNEL=" + ENTRY,
        "TEMPER_STUDENT=" + Specialisation.macro(student),
        "TEMPER_TEACHER=" + (features.contains(Feature.PREPARED) ? "Prepared" : Specialisation.macro(teacher)),
        "TEMPER_GRADIENT=" + Specialisation.macro(gradient), "TEMPER_DIVERGENCE=" + policy,
        "TEMPER_SOFT=" + (soft ? 1 : 0), "TEMPER_HARD=" + (hard ? 1 : 0),
        "TEMPER_EXP_REUSE=" + Specialisation.macro(expReuse)));
    for (Feature feature : Feature.values()) {
      if (feature != Feature.LISTS && feature != Feature.PREPARED) {  // these select the source and a type
        macros.add("TEMPER_" + feature + "=" + (features.contains(feature) ? 1 : 0));
      }
    }
    macros.add("TEMPER_PASS=" + Specialisation.macro(pass));
    return withPlan(macros);
  }

  /**
   * The plan is left out, because most specialisations have the same one. The generated method of a record would take
   * 14 ms of the start of a process.
   */
  @Override
  public int hashCode() {
    return Objects.hash(student, teacher, gradient, policy, soft, hard, expReuse, features, pass);
  }
}
