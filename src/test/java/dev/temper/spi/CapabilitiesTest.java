package dev.temper.spi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.LossOption;
import dev.temper.LossOutputs;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.SoftValue;
import dev.temper.Teacher;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that an engine refuses each option that it does not declare, and names that option alone. */
class CapabilitiesTest {

  private static final HostMatrix MATRIX = HostMatrix.of(new float[6], 2, 3);
  private static final HostMatrix REPEATED =
      new HostMatrix(MemorySegment.ofArray(new float[3]), 2, 3, 0, MATRIX.dtype());
  private static final LossInputs INPUTS = LossInputs.of(MATRIX).withTeacher(Teacher.logits(MATRIX));
  private static final LossOutputs NONE = LossOutputs.none();
  private static final RowVector ROWS = RowVector.losses(new float[2]);
  private static final Denominator IN_MEMORY = Denominator.in(MemorySegment.ofArray(new float[1]));

  private static final Map<LossOption, LossCall> CALLS = new EnumMap<>(LossOption.class);
  private static final Map<LossOption, String> VALUES = Map.of(LossOption.LABEL_SMOOTHING, " 0.1",
      LossOption.SOFTCAP, " 30.0", LossOption.TEACHER_SOFTCAP, " 20.0", LossOption.TEACHER_TEMPERATURE, " 3.0",
      LossOption.Z_LOSS, " 1.0E-4", LossOption.SOFT_VALUE, " cross-entropy", LossOption.IGNORE_SCOPE, " hard",
      LossOption.SOFT_DENOMINATOR, " 4.0", LossOption.HARD_DENOMINATOR, " 5.0");

  static {
    put(LossOption.LABEL_SMOOTHING, hard().labelSmoothing(0.1), INPUTS, NONE);
    put(LossOption.Z_LOSS, hard().zLoss(1e-4), INPUTS, NONE);
    put(LossOption.SOFTCAP, loss().softcap(30), INPUTS, NONE);
    put(LossOption.TEACHER_SOFTCAP, loss().teacherSoftcap(20), INPUTS, NONE);
    put(LossOption.TEACHER_TEMPERATURE, loss().teacherTemperature(3), INPUTS, NONE);
    put(LossOption.STANDARDISE, loss().standardise(true), INPUTS, NONE);
    put(LossOption.SOFT_VALUE, loss().softValue(SoftValue.CROSS_ENTROPY), INPUTS, NONE);
    put(LossOption.IGNORE_SCOPE, loss().ignoreScope(IgnoreScope.HARD), INPUTS, NONE);
    put(LossOption.SOFT_DENOMINATOR, loss(), INPUTS.withSoftDenominator(Denominator.of(4)), NONE);
    put(LossOption.HARD_DENOMINATOR, loss(), INPUTS.withHardDenominator(Denominator.of(5)), NONE);
    put(LossOption.DENOMINATOR_IN_MEMORY, loss(), INPUTS.withDenominator(IN_MEMORY), NONE);
    put(LossOption.ROW_STRIDE_0, loss(), INPUTS.withTeacher(Teacher.logits(REPEATED)), NONE);
    put(LossOption.GRADIENT_ADDED_TO, loss(), INPUTS, LossOutputs.gradientAddedTo(MATRIX));
    put(LossOption.TEMPERATURE_GRADIENT, loss(), INPUTS, NONE.withTemperatureGradient());
    put(LossOption.ROW_LABEL_LOG_PROB, loss(), INPUTS, NONE.withRow(RowOutput.LABEL_LOG_PROB, ROWS));
    put(LossOption.ROW_STUDENT_ENTROPY, loss(), INPUTS, NONE.withRow(RowOutput.STUDENT_ENTROPY, ROWS));
    put(LossOption.ROW_TEACHER_ENTROPY, loss(), INPUTS, NONE.withRow(RowOutput.TEACHER_ENTROPY, ROWS));
    put(LossOption.ROW_STUDENT_MASS, loss(), INPUTS, NONE.withRow(RowOutput.STUDENT_MASS, ROWS));
    put(LossOption.ROW_TEACHER_MASS, loss(), INPUTS, NONE.withRow(RowOutput.TEACHER_MASS, ROWS));
    put(LossOption.ROW_UNMAPPED_MASS, loss(), INPUTS, NONE.withRow(RowOutput.UNMAPPED_MASS, ROWS));
  }

  static Set<LossOption> declared() {
    return CALLS.keySet();
  }

  @ParameterizedTest
  @MethodSource("declared")
  void anOptionIsRefusedByNameUnlessItIsDeclared(LossOption option) {
    LossCall call = Objects.requireNonNull(CALLS.get(option));
    Set<LossOption> others = EnumSet.complementOf(EnumSet.of(option));
    assertThat(new Capabilities(_ -> true, _ -> true, EnumSet.of(option)).check(call)).isEqualTo(Support.yes());
    assertThat(reason(new Capabilities(_ -> true, _ -> true, others).check(call)))
        .isEqualTo(option.label() + VALUES.getOrDefault(option, "")
            + " is not supported by this engine; the reference device supports it");
  }

  @Test
  void aTeacherIsRefusedByItsKind() {
    Capabilities logitsOnly = new Capabilities(_ -> true, Teacher.Logits.class::isInstance, Set.of());
    assertThat(logitsOnly.check(call(loss(), INPUTS, NONE))).isEqualTo(Support.yes());
    assertThat(reason(logitsOnly.check(call(loss(), INPUTS.withTeacher(Teacher.probabilities(MATRIX)), NONE))))
        .isEqualTo("teacher probabilities is not supported by this engine; the reference device supports it");
  }

  @Test
  void everyOptionBeyondThoseOfEveryEngineIsHere() {
    assertThat(declared()).isEqualTo(EnumSet.complementOf(EnumSet.of(LossOption.DIVERGENCE, LossOption.TEMPERATURE,
        LossOption.SOFT_WEIGHT, LossOption.HARD_WEIGHT, LossOption.IGNORE_INDEX, LossOption.NUM_CLASSES,
        LossOption.REDUCTION, LossOption.TEMPERATURE_SCALING, LossOption.DENOMINATOR, LossOption.GRADIENT_SCALE)));
  }

  @Test
  void aDivergenceIsRefusedByItsLabel() {
    Capabilities forwardOnly = new Capabilities(Divergence.forwardKl()::equals, _ -> true, Set.of());
    assertThat(forwardOnly.check(call(loss(), INPUTS, NONE))).isEqualTo(Support.yes());
    DistillationLoss.Builder jsd = loss().divergence(Divergence.jensenShannon(0.5));
    assertThat(reason(forwardOnly.check(call(jsd, INPUTS, NONE))))
        .isEqualTo("divergence jsd:0.5 is not supported by this engine; the reference device supports it");
  }

  @Test
  void anOptionOfAPartThatIsNotComputedNeedsNoDeclaration() {
    Capabilities none = new Capabilities(_ -> false, _ -> true, Set.of());
    DistillationLoss.Builder hardOnly = hard().softWeight(0).divergence(Divergence.reverseKl()).teacherSoftcap(20)
        .teacherTemperature(3).standardise(true);
    assertThat(none.check(call(hardOnly, INPUTS.withTeacher(Teacher.logits(REPEATED)), NONE))).isEqualTo(Support.yes());
    assertThat(new Capabilities(_ -> true, _ -> true, Set.of())
        .check(call(loss().labelSmoothing(0.1).zLoss(1), INPUTS, NONE)))
        .isEqualTo(Support.yes());
  }

  private static String reason(Support support) {
    List<Object> words = support instanceof Support.No no ? no.reason() : List.of();
    return String.join("", words.stream().map(Object::toString).toList());
  }

  private static DistillationLoss.Builder loss() {
    return DistillationLoss.builder();
  }

  private static DistillationLoss.Builder hard() {
    return DistillationLoss.builder().hardWeight(1);
  }

  private static void put(LossOption option, DistillationLoss.Builder loss, LossInputs inputs, LossOutputs outputs) {
    CALLS.put(option, call(loss, inputs, outputs));
  }

  private static LossCall call(DistillationLoss.Builder loss, LossInputs inputs, LossOutputs outputs) {
    return new LossCall(loss.build(), inputs, outputs, 3, null, null);
  }
}
